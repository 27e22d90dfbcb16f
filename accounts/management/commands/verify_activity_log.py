"""``manage.py verify_activity_log``: recompute the hash chains and name what does not fit."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from accounts.models import ActivityChain
from accounts.services.activity import verify_activity_log


class Command(BaseCommand):
    help = "Checks the activity log for changed, missing and added entries; exit code 1 when there are any."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--chain", type=UUID, help="only the chain of this team or user")
        parser.add_argument(
            "--heads",
            action="store_true",
            help="print each chain's length and newest hash; kept elsewhere, they show a log rewritten as a whole",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        faults = list(verify_activity_log(chain_id=options["chain"]))
        if options["heads"]:
            for chain in ActivityChain.objects.order_by("pk"):
                self.stdout.write(f"{chain.pk} {chain.sequence} {chain.head_hash}")
        for fault in faults:
            self.stdout.write(f"chain {fault.chain_id}, entry {fault.sequence}: {fault.what}")
        if faults:
            raise CommandError(f"The activity log has {len(faults)} faults.")
        self.stdout.write(f"{ActivityChain.objects.count()} chains are complete and unchanged.")
