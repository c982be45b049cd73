"""The look: a theme of system fonts and neutral greys, the stylesheet, the script and the icon.

Blue stands for the left side and amber for the right everywhere; nothing else is coloured so.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import gradio as gr

STATIC = Path(str(files("assistant.ui"))) / "static"
STYLESHEET = Path(str(files("assistant.drawing"))) / "duet.css"
EXAMPLES_STYLESHEET = STATIC / "examples.css"
TRAINING_STYLESHEET = STATIC / "training.css"
FAVICON = STATIC / "favicon.png"

_FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def _head() -> str:
    scripts = ("duet.js", "examples.js")
    script = "\n".join((STATIC / name).read_text("utf-8") for name in scripts)
    return (
        '<meta name="color-scheme" content="light dark">'
        f'<meta name="referrer" content="no-referrer"><script>{script}</script>'
    )


HEAD = _head()


def theme() -> gr.themes.Base:
    """Gradio's own widgets in our colours; fonts are those of the system, so none is fetched."""
    ink, paper = "#17191f", "#f3f4f7"
    return gr.themes.Base(
        primary_hue=gr.themes.colors.slate,
        secondary_hue=gr.themes.colors.slate,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_md,
        font=_FONT,
        font_mono=_MONO,
    ).set(
        body_background_fill="var(--d-page)",
        body_background_fill_dark="var(--d-page)",
        body_text_color="var(--d-text)",
        body_text_color_dark="var(--d-text)",
        body_text_color_subdued="var(--d-quiet)",
        body_text_color_subdued_dark="var(--d-quiet)",
        background_fill_primary="var(--d-card)",
        background_fill_primary_dark="var(--d-card)",
        background_fill_secondary="var(--d-sunk)",
        background_fill_secondary_dark="var(--d-sunk)",
        border_color_primary="var(--d-line)",
        border_color_primary_dark="var(--d-line)",
        border_color_accent="var(--d-strong-line)",
        border_color_accent_dark="var(--d-strong-line)",
        color_accent="var(--d-focus)",
        color_accent_soft="var(--d-sunk)",
        color_accent_soft_dark="var(--d-sunk)",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_shadow="none",
        block_shadow_dark="none",
        block_padding="0",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_text_color="var(--d-quiet)",
        block_label_text_color_dark="var(--d-quiet)",
        block_title_text_color="var(--d-text)",
        block_title_text_color_dark="var(--d-text)",
        block_title_text_size="var(--text-sm)",
        block_title_text_weight="600",
        block_info_text_color="var(--d-quiet)",
        block_info_text_color_dark="var(--d-quiet)",
        input_background_fill="var(--d-card)",
        input_background_fill_dark="var(--d-card)",
        input_background_fill_focus="var(--d-card)",
        input_background_fill_focus_dark="var(--d-card)",
        input_border_color="var(--d-strong-line)",
        input_border_color_dark="var(--d-strong-line)",
        input_border_color_focus="var(--d-focus)",
        input_border_color_focus_dark="var(--d-focus)",
        input_placeholder_color="var(--d-quiet)",
        input_placeholder_color_dark="var(--d-quiet)",
        input_border_width="1px",
        input_border_width_dark="1px",
        input_shadow="none",
        input_shadow_focus="0 0 0 3px var(--d-ring)",
        input_shadow_focus_dark="0 0 0 3px var(--d-ring)",
        button_primary_background_fill=ink,
        button_primary_background_fill_dark=paper,
        button_primary_background_fill_hover="#2d3140",
        button_primary_background_fill_hover_dark="#ffffff",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark=ink,
        button_primary_border_color="transparent",
        button_primary_border_color_dark="transparent",
        button_secondary_background_fill="var(--d-card)",
        button_secondary_background_fill_dark="var(--d-card)",
        button_secondary_background_fill_hover="var(--d-sunk)",
        button_secondary_background_fill_hover_dark="var(--d-raised)",
        button_secondary_text_color="var(--d-text)",
        button_secondary_text_color_dark="var(--d-text)",
        button_secondary_border_color="var(--d-strong-line)",
        button_secondary_border_color_dark="var(--d-strong-line)",
        button_cancel_background_fill="var(--d-bad)",
        button_cancel_background_fill_dark="var(--d-bad)",
        button_cancel_background_fill_hover="var(--d-bad-strong)",
        button_cancel_background_fill_hover_dark="var(--d-bad-strong)",
        button_cancel_text_color="#ffffff",
        button_cancel_text_color_dark="#1b0d0d",
        button_border_width="1px",
        button_border_width_dark="1px",
        button_primary_shadow="none",
        button_secondary_shadow="none",
        button_large_padding="9px 16px",
        button_large_text_size="var(--text-md)",
        button_large_text_weight="550",
        button_small_padding="6px 12px",
        button_small_text_weight="550",
        slider_color="var(--d-focus)",
        slider_color_dark="var(--d-focus)",
        checkbox_background_color_selected="var(--d-focus)",
        checkbox_background_color_selected_dark="var(--d-focus)",
        checkbox_border_color_selected="var(--d-focus)",
        checkbox_border_color_selected_dark="var(--d-focus)",
        checkbox_label_background_fill="transparent",
        checkbox_label_background_fill_dark="transparent",
        checkbox_label_background_fill_hover="var(--d-sunk)",
        checkbox_label_background_fill_hover_dark="var(--d-raised)",
    )
