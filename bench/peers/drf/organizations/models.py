import uuid

from django.db import models


class User(models.Model):
    id = models.IntegerField(primary_key=True)
    uuid = models.UUIDField()
    distinct_id = models.TextField()
    email = models.TextField()
    first_name = models.TextField()
    last_name = models.TextField()
    role_at_organization = models.TextField(null=True)
    is_email_verified = models.BooleanField(null=True)
    is_active = models.BooleanField()
    current_organization_id = models.UUIDField(null=True)
    current_project_id = models.IntegerField(null=True)
    is_authenticated = True

    class Meta:
        managed = False
        db_table = "users"


class PersonalApiKey(models.Model):
    id = models.TextField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    secure_value = models.TextField()
    expires_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "personal_api_keys"


class Organization(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=64)
    slug = models.TextField()
    logo_media_id = models.UUIDField(null=True)
    is_member_join_email_enabled = models.BooleanField(default=True)
    customer_id = models.TextField(null=True)
    enforce_2fa = models.BooleanField(null=True)
    members_can_invite = models.BooleanField(null=True, default=True)
    members_can_create_projects = models.BooleanField(null=True, default=False)
    members_can_use_personal_api_keys = models.BooleanField(default=True)
    allow_publicly_shared_resources = models.BooleanField(default=True)
    is_ai_data_processing_approved = models.BooleanField(null=True)
    default_experiment_stats_method = models.TextField(null=True, default="bayesian")
    default_anonymize_ips = models.BooleanField(default=False)
    default_role_id = models.UUIDField(null=True)
    is_active = models.BooleanField(default=True)
    is_not_active_reason = models.TextField(null=True)
    deletion_requested_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        managed = False
        db_table = "organizations"


class Membership(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    level = models.SmallIntegerField()
    joined_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        managed = False
        db_table = "organization_memberships"


class Project(models.Model):
    id = models.AutoField(primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="projects")
    uuid = models.UUIDField(default=uuid.uuid4)
    name = models.TextField()
    api_token = models.TextField()
    completed_snippet_onboarding = models.BooleanField(default=False)
    has_completed_onboarding_for = models.JSONField(null=True)
    ingested_event = models.BooleanField(default=False)
    is_demo = models.BooleanField(default=False)
    timezone = models.TextField(default="UTC")
    access_control = models.BooleanField(default=False)
    anonymize_ips = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        managed = False
        db_table = "projects"


class Integration(models.Model):
    id = models.UUIDField(primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    kind = models.TextField()
    integration_id = models.TextField(null=True)
    config = models.JSONField()
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "organization_integrations"


class OutboxEvent(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    type = models.TextField()
    organization_id = models.UUIDField()
    payload = models.JSONField()

    class Meta:
        managed = False
        db_table = "outbox"
