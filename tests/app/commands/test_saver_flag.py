"""--saver reaches the pipeline; without it what was chosen in the window stays."""

import argparse
from dataclasses import replace

from app.commands.options import add_camera, add_look, add_model, settings_from
from app.session import Settings
from app.session.finder import pipeline_config, same_models


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for add in (add_model, add_camera, add_look):
        add(parser)
    return parser.parse_args(words)


def test_the_flag_reaches_the_pipeline() -> None:
    chosen = settings_from(parsed("--saver"), Settings())
    assert pipeline_config(chosen).saver
    assert not pipeline_config(settings_from(parsed(), Settings())).saver
    assert settings_from(parsed(), chosen).saver
    assert not same_models(chosen, replace(chosen, saver=False))
