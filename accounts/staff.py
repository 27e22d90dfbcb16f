"""The staff admin as a Django app: the stock one with our own site."""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    default_site = "accounts.staff_site.StaffAdminSite"
