from django.urls import include, path
from rest_framework.routers import DefaultRouter

from organizations.views import IntegrationViewSet, OrganizationViewSet

router = DefaultRouter()
router.register("organizations", OrganizationViewSet, basename="organization")
router.register(
    r"organizations/(?P<organization_id>[0-9a-f-]{36})/integrations", IntegrationViewSet, basename="integration"
)

urlpatterns = [path("api/", include(router.urls))]
