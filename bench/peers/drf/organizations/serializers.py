from rest_framework import serializers

from .models import Integration, Organization, Project, User

FEATURES = [
    {
        "key": key,
        "name": name,
        "description": None,
        "unit": None,
        "limit": None,
        "note": None,
        "is_plan_default": True,
    }
    for key, name in {
        "organizations_projects": "Multiple projects",
        "organization_invite_settings": "Invite settings",
        "organization_security_settings": "Security settings",
        "2fa_enforcement": "Two-factor enforcement",
        "automatic_provisioning": "Automatic provisioning",
        "audit_logs": "Activity log",
        "role_based_access": "Role-based access",
    }.items()
]


class TeamSerializer(serializers.ModelSerializer):
    project_id = serializers.IntegerField(source="id", read_only=True)

    class Meta:
        model = Project
        fields = [
            "id", "uuid", "organization", "project_id", "api_token", "name", "completed_snippet_onboarding",
            "has_completed_onboarding_for", "ingested_event", "is_demo", "timezone", "access_control",
        ]  # fmt: skip


class BasicProjectSerializer(serializers.ModelSerializer):
    organization_id = serializers.UUIDField(read_only=True)

    class Meta:
        model = Project
        fields = ["id", "organization_id", "name"]


class OrganizationSerializer(serializers.ModelSerializer):
    membership_level = serializers.IntegerField(read_only=True)
    plugins_access_level = serializers.ReadOnlyField(default=9)
    teams = TeamSerializer(source="projects", many=True, read_only=True)
    projects = BasicProjectSerializer(many=True, read_only=True)
    available_product_features = serializers.SerializerMethodField()
    metadata = serializers.SerializerMethodField()
    member_count = serializers.IntegerField(read_only=True)
    is_pending_deletion = serializers.SerializerMethodField()

    class Meta:
        model = Organization
        fields = [
            "id", "name", "slug", "logo_media_id", "created_at", "updated_at", "membership_level",
            "plugins_access_level", "teams", "projects", "available_product_features", "is_member_join_email_enabled",
            "metadata", "customer_id", "enforce_2fa", "members_can_invite", "members_can_create_projects",
            "members_can_use_personal_api_keys", "allow_publicly_shared_resources", "member_count",
            "is_ai_data_processing_approved", "default_experiment_stats_method", "default_anonymize_ips",
            "default_role_id", "is_active", "is_not_active_reason", "is_pending_deletion",
        ]  # fmt: skip
        read_only_fields = ["slug", "is_active", "is_not_active_reason", "customer_id", "logo_media_id"]

    def get_available_product_features(self, organization):
        return FEATURES

    def get_metadata(self, organization):
        return {"instance_tag": "none"}

    def get_is_pending_deletion(self, organization):
        return organization.deletion_requested_at is not None


class UserSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = [
            "id", "uuid", "distinct_id", "first_name", "last_name", "email", "is_email_verified",
            "role_at_organization",
        ]  # fmt: skip


class IntegrationSerializer(serializers.ModelSerializer):
    created_by = UserSerializer()

    class Meta:
        model = Integration
        fields = ["id", "kind", "integration_id", "config", "created_at", "updated_at", "created_by"]
