"""What a writer of dashboards gets wrong is refused when the dashboard is made."""

from __future__ import annotations

import json

import pytest

from dashboards.board import Board, Line, Marks, Section
from dashboards.panels import Number, Panel, States, Steps, bars, lines, numbers
from dashboards.queries import Query, each, hourly, place, record, series
from dashboards.tables import Column, Label, Value, rows


def panel(title: str = "Models") -> Panel:
    """A panel that would be shown."""
    values = [Number(f"sum({series('ollama_models')})", "models", ((None, "text"),))]
    return numbers(title, "All of them.", empty="none", unit="short", values=values)


def test_a_metric_that_nothing_exposes_is_refused() -> None:
    """A typo in a name ends the making, with that name."""
    with pytest.raises(KeyError, match="ollama_modles"):
        series("ollama_modles")


def test_a_line_that_is_not_full_is_refused() -> None:
    """Panels that leave a hole or do not fit end the making."""
    with pytest.raises(ValueError, match=r"\[12, 11\].*24"):
        Line(8, ((12, panel("One")), (11, panel("Other"))))


def test_a_panel_with_too_many_queries_is_refused() -> None:
    """There are 26 letters to name queries with; none is dropped in silence."""
    with pytest.raises(IndexError):
        lines("All", "Of them.", empty="none", unit="short", queries=[each("ollama_models")] * 27)


def test_a_series_is_filtered_by_the_labels_that_it_has() -> None:
    """By model only where there are models, and where the writer does not say otherwise."""
    host = 'job=~"$job", instance=~"$instance"'
    assert series("ollama_up") == f"ollama_up{{{host}}}"
    assert series("ollama_model_size_bytes") == f'ollama_model_size_bytes{{{host}, model=~"$model"}}'
    assert series("ollama_model_size_bytes", all_models=True) == f"ollama_model_size_bytes{{{host}}}"


def test_a_histogram_has_buckets_a_sum_and_a_count() -> None:
    """By its own name nothing is exposed; and further matchers stand behind the dashboard's own."""
    with pytest.raises(KeyError, match="ollama_request_prompt_tokens"):
        series("ollama_request_prompt_tokens")
    target = 'job=~"$job", instance=~"$instance"'
    of_model = 'model=~"$model"'
    assert series("ollama_request_prompt_tokens_bucket", 'le="1.0"') == (
        f'ollama_request_prompt_tokens_bucket{{{target}, le="1.0"}}'
    )
    for part in ("sum", "count"):
        name = f"ollama_model_load_duration_seconds_{part}"
        assert series(name) == f"{name}{{{target}, {of_model}}}"


def test_a_record_is_filtered_by_its_level() -> None:
    """A job has no instance; what is recorded once an hour is read from further back than Prometheus does."""
    assert record("job:x:y") == 'job:x:y{job=~"$job"}'
    assert record("instance:x:y", 'kind="a"', of_model=True) == (
        'instance:x:y{job=~"$job", instance=~"$instance", model=~"$model", kind="a"}'
    )
    assert hourly("job:x:y") == 'last_over_time(job:x:y{job=~"$job"}[2h])'


def test_a_state_set_is_one_number() -> None:
    """Of several metrics that tell it the first; the label of the states is gone, and with it the zeros."""
    host = 'job=~"$job", instance=~"$instance"'
    names = ("powermetrics_thermal_pressure", "macos_thermal_pressure")
    nominal, heavy = (
        " or ".join(f'{name}{{{host}, level="{level}"}}' for name in names) for level in ("nominal", "heavy")
    )
    assert place(names, "level", ("nominal", "heavy")) == f"max without (level) (1 * ({nominal}) or 2 * ({heavy}))"


@pytest.mark.parametrize("states", [None, {1: ("one", "green")}])
def test_a_number_may_have_words(states: States | None) -> None:
    """Where it has none, nothing is said of them."""
    values = [Number("x", "x", ((None, "text"),))]
    made = numbers("A", "B.", empty="none", unit="none", values=values, states=states).build()
    assert made.field_config
    shown = made.field_config.defaults.mappings
    assert [mapping.options["1"].text for mapping in shown or []] == (["one"] if states else [])  # type: ignore[index]


def test_a_folded_section_takes_no_room() -> None:
    """Its panels are in its heading, below it; what follows it begins where the panels would."""
    folded = Section("Folded", (Line(8, ((24, panel("Hidden")),)),), folded=True)
    after = Section("After", (Line(4, ((24, panel("Shown")),)),))
    board = json.loads(Board("test-board", "Test", "A test.", (folded, after)).to_json())
    heading, following, shown = board["panels"]
    (hidden,) = heading["panels"]
    assert (heading["collapsed"], following["collapsed"]) == (True, False)
    assert [part["gridPos"]["y"] for part in (heading, hidden, following, shown)] == [0, 1, 1, 2]
    assert len({part["id"] for part in (heading, hidden, following, shown)}) == 4


def test_a_dashboard_without_models_has_no_variable_for_them() -> None:
    """A variable that nothing uses would only puzzle."""
    board = Board("test-board", "Test", "A test.", (Section("", (Line(4, ((24, panel()),)),)),))
    names = [variable["name"] for variable in json.loads(board.to_json())["templating"]["list"]]
    assert names == ["datasource", "job", "instance", "site"]


def test_a_table_of_one_query_finds_its_value() -> None:
    """Grafana names the value of a single query without its letter."""
    table = rows("Models", "All.", empty="none", sort="Models", columns=[Value(series("ollama_models"), "Models")])
    (_, organize) = table.build().transformations or []
    assert organize.options["renameByName"] == {"Value": "Models"}  # type: ignore[index]


def test_a_job_is_shown_where_a_column_names_it() -> None:
    """Elsewhere it is hidden: most people have one."""
    for names, hidden in (((), True), (("job",), False)):
        columns: list[Column] = [*(Label(name, name.title()) for name in names), Value("x", "X")]
        (_, organize) = rows("A", "B.", empty="none", sort="X", columns=columns).build().transformations or []
        assert ("job" in organize.options["excludeByName"]) is hidden  # type: ignore[index]


def test_a_column_has_its_own_colours_and_decimals() -> None:
    """Those of its steps; without any there is nothing to override."""
    steps: Steps = ((None, "text"), (1, "red"))
    columns = [Value("x", "X", steps=steps, decimals=2), Value("y", "Y")]
    made = rows("A", "B.", empty="none", sort="X", columns=columns).build()
    of_column = {
        rule.matcher.options: {one.id_val: one.value for one in rule.properties}
        for rule in (made.field_config.overrides if made.field_config else [])
    }
    assert [step.color for step in of_column["X"]["thresholds"].steps] == ["text", "red"]  # type: ignore[attr-defined]
    assert of_column["X"]["decimals"] == 2
    assert "custom.cellOptions" in of_column["X"]
    assert of_column["Y"].keys() == {"custom.width", "unit"}


@pytest.mark.parametrize("from_zero", [True, False])
def test_what_may_be_less_than_nothing_is_seen(from_zero: bool) -> None:
    """A graph begins at 0 unless told otherwise, and what is below would be cut off."""
    made = lines("A", "B.", empty="none", unit="s", queries=[each("x")], from_zero=from_zero).build()
    assert made.field_config
    assert made.field_config.defaults.min_val == (0 if from_zero else None)


def test_further_marks_stand_behind_those_of_alerts() -> None:
    """Both places of their query are filled, as for alerts."""
    marks = Marks("Starts", "up", "blue", "Started", "{{instance}}")
    one_line = (Section("", (Line(4, ((24, panel()),)),)),)
    board = json.loads(Board("test-board", "Test", "A test.", one_line, marks=(marks,)).to_json())
    alerts, starts = board["annotations"]["list"]
    assert (alerts["name"], starts["name"]) == ("Alerts", "Starts")
    assert starts["expr"] == starts["target"]["expr"] == "up"
    assert (starts["titleFormat"], starts["textFormat"], starts["iconColor"]) == ("Started", "{{instance}}", "blue")


def test_a_limit_is_a_line_of_its_own() -> None:
    """Dashed and red, behind the queries."""
    made = lines("A", "B.", empty="none", unit="s", queries=[each("x")], limits=[Query("vector(1)", "alert above")])
    plain = made.build()
    assert [target.expr for target in plain.targets or []] == ["x", "vector(1)"]  # type: ignore[attr-defined]
    (rule,) = (plain.field_config.overrides if plain.field_config else None) or []
    assert rule.matcher.options == "alert above"


def test_limits_of_many_series_are_all_dashed() -> None:
    """A legend with variables is another one for each series: its beginning is what they share."""
    made = lines(
        "A", "B.", empty="none", unit="s", queries=[], limits=[Query("x", "alert below for {{model}}")]
    ).build()
    (rule,) = (made.field_config.overrides if made.field_config else None) or []
    assert (rule.matcher.id_val, rule.matcher.options) == ("byRegexp", "/^alert below for /")


@pytest.mark.parametrize(("stacked", "mode"), [(True, "normal"), (False, "none")])
def test_bars_lie_on_each_other_unless_they_count_the_same(stacked: bool, mode: str) -> None:
    """Stacked, what two series count both would stand there twice."""
    made = bars("A", "B.", empty="none", queries=[Query("x", "x")], colours={"x": "red"}, stacked=stacked).build()
    custom = made.field_config.defaults.custom if made.field_config else None
    assert custom.stacking.mode == mode  # type: ignore[attr-defined]
