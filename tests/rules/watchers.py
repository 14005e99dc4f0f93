"""What rules read that our exporter does not expose: series of Prometheus and Alertmanager, with their labels.

test_watchers.py looks for each of them where a real Prometheus and a real Alertmanager are scraped.
"""

from __future__ import annotations

from collections.abc import Mapping

# On the two programs' own pages, all of them from the start. Only meta.yml reads these.
PAGES: Mapping[str, tuple[str, ...]] = {
    "prometheus_config_last_reload_successful": (),
    "prometheus_notifications_alertmanagers_discovered": (),
    "prometheus_notifications_dropped_total": (),
    "prometheus_notifications_errors_total": ("alertmanager",),
    "prometheus_notifications_sent_total": ("alertmanager",),
    "prometheus_rule_evaluation_failures_total": ("rule_group",),
    "prometheus_rule_group_interval_seconds": ("rule_group",),
    "prometheus_rule_group_iterations_missed_total": ("rule_group",),
    "prometheus_target_scrapes_exceeded_sample_limit_total": (),
    "prometheus_tsdb_compactions_failed_total": (),
    "prometheus_tsdb_wal_corruptions_total": (),
    "alertmanager_config_last_reload_successful": (),
    "alertmanager_notifications_total": ("integration",),
    "alertmanager_notifications_failed_total": ("integration", "reason"),
}
# Written by Prometheus about each target that it scrapes; the limit with --enable-feature=extra-scrape-metrics only.
_SCRAPES: Mapping[str, tuple[str, ...]] = {"scrape_samples_post_metric_relabeling": (), "scrape_sample_limit": ()}
WATCHERS = {**PAGES, **_SCRAPES}
