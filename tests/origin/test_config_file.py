"""The TOML file: what it may hold, and how a person is told of what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

import origin.config_file
from origin.config_file import MAX_POLICIES, ConfigFile, read_config_file
from origin.policy import Policies, Policy, Rule
from origin.settings import SettingsError
from origin.tags import MAX_TAGS


def written(folder: Path, text: str) -> Path:
    path = folder / "safelight.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_nothing_is_configured() -> None:
    assert read_config_file(None) == ConfigFile()


def test_presets_are_read_with_their_names(tmp_path: Path) -> None:
    path = written(tmp_path, '[presets]\nthumb = "rs:fill:300:200/g:sm"\n"größer" = "w:900"\n')

    assert read_config_file(path).presets == {"thumb": "rs:fill:300:200/g:sm", "größer": "w:900"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("presets = 5", '"presets" must be a table: [presets]'),
        ("[presets]\nthumb = 5", 'preset "thumb" must be text like "rs:fill:300:200"'),
        ("[presets]\n[presets.a]\nb = 1", 'preset "a" must be text'),
        ("[preset]", 'expected [presets] or [[policies]], got "preset"'),
        ('thumb = "w:1"', 'expected [presets] or [[policies]], got "thumb"'),
        ("[presets", "end of a table declaration"),
        ('[presets]\na = "w:1"\na = "w:2"', "overwrite"),
        ("number = " + "1" * 5000, "4300 digits"),
    ],
)
def test_what_cannot_be_used_is_told_with_the_file(tmp_path: Path, text: str, problem: str) -> None:
    path = written(tmp_path, text)

    with pytest.raises(SettingsError) as caught:
        read_config_file(path)

    assert str(caught.value).startswith(f"SAFELIGHT_CONFIG: {path}: ")
    assert problem in str(caught.value)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "[other]\n[presets]\na = 1\nb = true\n")

    with pytest.raises(SettingsError) as caught:
        read_config_file(path)

    assert len(str(caught.value).splitlines()) == 3


def test_a_missing_file_a_folder_and_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")

    for path in (tmp_path / "missing.toml", tmp_path, binary):
        with pytest.raises(SettingsError, match="SAFELIGHT_CONFIG"):
            read_config_file(path)


def test_policies_are_read_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [presets]
        thumb = "w:300"

        [[policies]]
        prefix = "s3://shop/thumbs/"
        preset = "thumb"
        results = ["memory", "redis"]
        ttl = 86400
        keep = 604800.5
        tags = ["shop", "t:1"]
        source_cache_control = true
        min_ttl = 0
        max_ttl = 2147483647

        [[policies]]
        results = []
        """,
    )

    assert read_config_file(path).policies == Policies(
        (
            Rule(
                Policy(
                    results=frozenset({"memory", "redis"}),
                    ttl=86400,
                    keep=604800.5,
                    tags=("shop", "t:1"),
                    source_cache_control=True,
                    min_ttl=0,
                    max_ttl=2147483647,
                ),
                "s3://shop/thumbs/",
                "thumb",
            ),
            Rule(Policy(results=frozenset())),
        )
    )


def test_the_example_in_the_documentation_can_be_used(tmp_path: Path) -> None:
    text = origin.config_file.__doc__ or ""
    example = text[text.index("[presets]") : text.index("A setting comes")]

    config = read_config_file(written(tmp_path, example))

    [rule] = config.policies.rules
    assert rule.policy.ttl == 86400
    assert config.presets.keys() == {"thumb", "default"}


@pytest.mark.parametrize(
    "prefix",
    [
        "s3://",
        "local://",
        "s3://shop/",
        "s3://shop/a",
        "local:///",
        "local:///a/b",
        "https://a.b/c",
    ],
)
def test_a_prefix_is_what_sources_can_begin_with(tmp_path: Path, prefix: str) -> None:
    path = written(tmp_path, f'[[policies]]\nttl = 1\nprefix = "{prefix}"\n')

    assert read_config_file(path).policies.rules[0].prefix == prefix


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ('prefix = ""', '"prefix" must be the beginning of sources, like "s3://bucket/"'),
        ('prefix = "shop/"', '"prefix" must be the beginning of sources'),
        ('prefix = "/shop/"', "got '/shop/'"),
        ('prefix = "s3:/shop/"', "got 's3:/shop/'"),
        ('prefix = "S3://shop/"', "got 'S3://shop/'"),
        ('prefix = "s3://shop"', "got 's3://shop'"),
        ('prefix = "s3://shop//a"', "got 's3://shop//a'"),
        ('prefix = "s3:///a"', "got 's3:///a'"),
        ('prefix = "local://shop/"', "got 'local://shop/'"),
        ('prefix = ["s3://"]', "got ['s3://']"),
        ('preset = "thumbs"', "\"preset\" must be a name in [presets], got 'thumbs'"),
        ("preset = 5", '"preset" must be the name of a preset, got 5'),
        ('results = "memory"', '"results" must be a list of memory, disk, redis, objects'),
        ('results = ["memory", "tape"]', "got ['memory', 'tape']"),
        ("results = [1]", "got [1]"),
        ("results = false", "got False"),
        ("ttl = -1", '"ttl" must be whole seconds in 0..2147483647, got -1'),
        ("ttl = 2147483648", "got 2147483648"),
        ("ttl = 1.5", "got 1.5"),
        ("ttl = true", "got True"),
        ('ttl = "1d"', "got '1d'"),
        ("ttl = 2026-01-01", '"ttl" must be whole seconds'),
        ("keep = 0", '"keep" must be seconds above 0, up to 2147483647, got 0'),
        ("keep = -0.5", "got -0.5"),
        ("keep = inf", "got inf"),
        ("keep = nan", "got nan"),
        ("keep = true", "got True"),
        ('tags = "shop"', '"tags" must be a list of tags of 1..128 characters'),
        ('tags = ["a b"]', "got ['a b']"),
        ('tags = ["a,b"]', "got ['a,b']"),
        ('tags = [""]', "got ['']"),
        ("tags = [1]", "got [1]"),
        (f'tags = ["{"a" * 129}"]', "got ['aaa"),
        ("source_cache_control = 1", '"source_cache_control" must be true or false, got 1'),
        (
            "source_cache_control = true\nmin_ttl = 2\nmax_ttl = 1",
            '"min_ttl" must be at most "max_ttl", got 2 and 1',
        ),
        ("min_ttl = 1", '"min_ttl" needs a policy with source_cache_control = true'),
        ("tll = 5", '"tll" is not known; expected some of prefix, preset, results, ttl, keep,'),
        ("", "sets nothing"),
        ('prefix = "s3://"\npreset = "thumb"', "sets nothing"),
    ],
)
def test_a_policy_that_cannot_be_used_is_told_with_its_number(
    tmp_path: Path, table: str, problem: str
) -> None:
    path = written(
        tmp_path, f'[presets]\nthumb = "w:1"\n[[policies]]\nttl = 1\n[[policies]]\n{table}\n'
    )

    with pytest.raises(SettingsError) as caught:
        read_config_file(path)

    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"SAFELIGHT_CONFIG: {path}: policy 2: ") for line in lines)
    assert problem in str(caught.value)


@pytest.mark.parametrize("text", ["policies = 5", "[policies]", "policies = [1]"])
def test_policies_are_tables(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match=r'"policies" must be tables: \[\[policies\]\]'):
        read_config_file(written(tmp_path, text))


def test_problems_of_presets_and_policies_are_told_together(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [other]
        [presets]
        a = 1
        [[policies]]
        ttl = "1d"
        results = ["tape"]
        preset = "b"
        [[policies]]
        tll = 1
        """,
    )

    with pytest.raises(SettingsError) as caught:
        read_config_file(path)

    told = [line.removeprefix(f"SAFELIGHT_CONFIG: {path}: ") for line in lines_of(caught)]
    assert [" ".join(line.split()[:3]) for line in told] == [
        "expected [presets] or",
        'preset "a" must',
        'policy 1: "results"',
        'policy 1: "ttl"',
        'policy 1: "preset"',
        'policy 2: "tll"',
    ]


def lines_of(caught: pytest.ExceptionInfo[SettingsError]) -> list[str]:
    return str(caught.value).splitlines()


def test_no_url_can_get_more_tags_than_are_sent(tmp_path: Path) -> None:
    def tagged(prefix: str, count: int) -> str:
        tags = [f"{prefix}{number}" for number in range(count)]
        return f'[[policies]]\nprefix = "{prefix}"\ntags = {tags}\n'

    most = MAX_TAGS - 1
    apart = tagged("s3://shop/", most) + tagged("s3://blog/", most)
    together = apart + tagged("s3://shop/thumbs/", 1)

    assert len(read_config_file(written(tmp_path, apart)).policies.rules) == 2
    with pytest.raises(SettingsError, match="31 tags at most, got 32"):
        read_config_file(written(tmp_path, together))


def test_the_number_of_policies_is_bounded(tmp_path: Path) -> None:
    table = "[[policies]]\nttl = 1\n"

    assert len(read_config_file(written(tmp_path, table * MAX_POLICIES)).policies.rules) == 1000
    with pytest.raises(SettingsError, match="at most 1000 policies, got 1001"):
        read_config_file(written(tmp_path, table * (MAX_POLICIES + 1)))
