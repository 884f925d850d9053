import hashlib

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from .models import PersonalApiKey


class ApiKeyAuthentication(BaseAuthentication):
    """An authentication class of one's own, as the documentation describes it."""

    def authenticate(self, request):
        parts = get_authorization_header(request).decode().split()
        if len(parts) != 2 or parts[0] != "Bearer":
            return None
        secure_value = "sha256$" + hashlib.sha256(parts[1].encode()).hexdigest()
        try:
            key = PersonalApiKey.objects.select_related("user").get(secure_value=secure_value, user__is_active=True)
        except PersonalApiKey.DoesNotExist:
            raise AuthenticationFailed("Invalid API key.")
        if key.expires_at and key.expires_at < timezone.now():
            raise AuthenticationFailed("Invalid API key.")
        return key.user, key

    def authenticate_header(self, request):
        return "Bearer"
