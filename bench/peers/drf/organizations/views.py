import secrets

from django.db import connection, transaction
from django.db.models import Count, F, FilteredRelation, OuterRef, Q, Subquery
from django.utils.text import slugify
from rest_framework import mixins, viewsets
from rest_framework.exceptions import NotFound, PermissionDenied

from .models import Integration, Membership, Organization, OutboxEvent, Project, User
from .serializers import IntegrationSerializer, OrganizationSerializer

MEMBERS = (
    Membership.objects.filter(organization=OuterRef("pk"), user__is_active=True)
    .order_by()
    .values("organization")
    .annotate(total=Count("*"))
    .values("total")
)


class OrganizationViewSet(
    mixins.ListModelMixin,
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    viewsets.GenericViewSet,
):
    serializer_class = OrganizationSerializer

    def get_queryset(self):
        """The caller's own: what is not among them is not found."""
        return (
            Organization.objects.annotate(own=FilteredRelation("memberships", condition=Q(memberships__user=self.request.user)))
            .filter(own__isnull=False)
            .annotate(membership_level=F("own__level"), member_count=Subquery(MEMBERS))
            .prefetch_related("projects")
            .order_by("created_at", "id")
        )

    @transaction.atomic
    def perform_create(self, serializer):
        user = self.request.user
        organization = serializer.save(slug=slugify(serializer.validated_data["name"]))
        with connection.cursor() as cursor:
            cursor.execute("insert into organization_slugs values (%s, %s)", [organization.slug, organization.id])
        project = Project.objects.create(
            organization=organization, name="Default project", api_token="phc_" + secrets.token_urlsafe(32)
        )
        Membership.objects.create(organization=organization, user=user, level=15)
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into user_organizations values (%s, %s, %s)", [user.id, organization.id, organization.created_at]
            )
        User.objects.filter(pk=user.pk).update(current_organization_id=organization.id, current_project_id=project.id)
        OutboxEvent.objects.create(
            type="organization.created", organization_id=organization.id, payload={"name": organization.name}
        )
        serializer.instance = self.get_queryset().get(pk=organization.pk)

    @transaction.atomic
    def perform_update(self, serializer):
        if serializer.instance.membership_level < 8:
            raise PermissionDenied()
        organization = serializer.save()
        OutboxEvent.objects.create(
            type="organization.updated", organization_id=organization.id, payload={"name": organization.name}
        )


class IntegrationViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    serializer_class = IntegrationSerializer

    def get_queryset(self):
        organization_id = self.kwargs["organization_id"]
        if not Membership.objects.filter(organization_id=organization_id, user=self.request.user).exists():
            raise NotFound()
        return Integration.objects.filter(organization_id=organization_id).select_related("created_by").order_by("id")
