"""The look of the window: one dark palette, one style sheet."""

from __future__ import annotations

BACKGROUND = "#101216"
SURFACE = "#181b21"
RAISED = "#242932"
HOVER = "#2e3541"
LINE = "#2b303a"
TEXT = "#e8eaee"
MUTED = "#99a1b0"
ACCENT = "#e3b655"  # gold, as the ring
ACCENT_TEXT = "#1b1608"
RED = "#f0554d"
WARNING = "#e9b44c"

RADIUS = 7
GAP = 8
MARGIN = 16


def style_sheet() -> str:
    """The style sheet of the whole application."""
    return f"""
* {{ font-size: 13px; color: {TEXT}; outline: none; }}
QMainWindow, #root {{ background: {BACKGROUND}; }}
#panel, #panel QScrollArea, #panelBody {{ background: {SURFACE}; border: none; }}
#panel {{ border-left: 1px solid {LINE}; }}
#bar {{ background: {SURFACE}; border-top: 1px solid {LINE}; }}
QLabel {{ background: transparent; }}
QLabel[role="section"] {{ color: {MUTED}; font-size: 11px; font-weight: 700; letter-spacing: 1px; }}
QLabel[role="muted"] {{ color: {MUTED}; font-size: 12px; }}
QLabel[role="hud"] {{ color: {MUTED}; font-size: 12px; }}
QLabel[role="value"] {{ color: {ACCENT}; font-size: 14px; font-weight: 600; }}
QLabel[role="title"] {{ font-size: 17px; font-weight: 600; }}
QLabel[role="big"] {{ font-size: 64px; font-weight: 300; color: {ACCENT}; }}
QLabel[role="warning"] {{
    background: #33290f; border-left: 3px solid {WARNING}; border-radius: 3px; padding: 7px 10px;
}}
QLabel[role="badge"] {{
    background: {RAISED}; color: {ACCENT}; border-radius: 12px; font-size: 12px; font-weight: 600;
}}
QFrame[role="line"] {{ background: {LINE}; max-height: 1px; border: none; }}

QPushButton {{
    background: {RAISED}; border: 1px solid {LINE}; border-radius: {RADIUS}px;
    padding: 0 12px; min-height: 32px;
}}
QPushButton:hover {{ background: {HOVER}; }}
QPushButton:pressed {{ background: {LINE}; }}
QPushButton:disabled {{ color: {MUTED}; }}
QPushButton:checked {{
    background: {ACCENT}; border-color: {ACCENT}; color: {ACCENT_TEXT};
}}
QPushButton[role="chip"] {{ padding: 0 2px; min-height: 28px; font-size: 12px; }}
QPushButton[role="menu"] {{ padding: 0; }}
QPushButton[role="menu"]::menu-indicator {{
    subcontrol-origin: padding; subcontrol-position: center; image: none; width: 0;
}}
QPushButton[role="record"]:checked {{
    background: #47211f; border-color: {RED}; color: {TEXT};
}}
QPushButton[role="primary"] {{
    background: {ACCENT}; border-color: {ACCENT}; color: {ACCENT_TEXT}; font-weight: 600;
}}
QPushButton[role="primary"]:hover {{ background: #efc86e; }}
QPushButton[role="primary"]:disabled {{ background: {RAISED}; border-color: {LINE}; color: {MUTED}; }}
QPushButton[role="close"] {{ background: transparent; border: none; min-height: 20px; padding: 0 6px; }}

QMenu {{ background: {RAISED}; border: 1px solid {LINE}; color: {TEXT}; padding: 4px; }}
QMenu::item {{ padding: 6px 18px 6px 26px; border-radius: {RADIUS}px; }}
QMenu::item:selected {{ background: {LINE}; }}
QMenu::separator {{ height: 1px; background: {LINE}; margin: 4px 8px; }}
QComboBox {{
    background: {RAISED}; border: 1px solid {LINE}; border-radius: {RADIUS}px;
    padding: 0 10px; min-height: 32px;
}}
QComboBox:hover {{ background: {HOVER}; }}
QComboBox::drop-down {{ border: none; width: 28px; }}
QComboBox::down-arrow {{ image: none; }}
QComboBox QAbstractItemView {{
    background: {RAISED}; border: 1px solid {LINE}; padding: 4px;
    selection-background-color: {HOVER}; selection-color: {TEXT};
}}
QComboBox QAbstractItemView::item {{ min-height: 28px; padding: 0 6px; }}

QSlider::groove:horizontal {{ height: 4px; background: {RAISED}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {ACCENT}; border-radius: 2px; }}
QSlider::handle:horizontal {{
    width: 16px; height: 16px; margin: -6px 0; border-radius: 8px; background: {TEXT};
}}
QSlider::handle:horizontal:hover {{ background: white; }}

QProgressBar {{ background: {RAISED}; border: none; border-radius: 3px; }}
QProgressBar::chunk {{ background: {ACCENT}; border-radius: 3px; }}
QLineEdit, QSpinBox, QDoubleSpinBox {{
    background: {RAISED}; border: 1px solid {LINE}; border-radius: {RADIUS}px;
    padding: 0 8px; min-height: 32px;
}}

#library {{ background: {BACKGROUND}; border: 1px solid {LINE}; border-radius: {RADIUS}px; padding: 2px; }}
#library::item {{ color: {TEXT}; border: 1px solid transparent; border-radius: 5px; padding: 3px 0; }}
#library::item:hover {{ background: {RAISED}; }}
#library::item:selected {{ border-color: {ACCENT}; background: {RAISED}; }}
#library::item:disabled {{ color: {MUTED}; }}

QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0 0 0 4px; }}
QScrollBar::handle:vertical {{ background: {HOVER}; border-radius: 3px; min-height: 32px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}

#strip {{ background: {RAISED}; border-top: 1px solid {LINE}; }}
#strip[level="warning"] {{ border-left: 4px solid {WARNING}; }}
#strip[level="error"] {{ border-left: 4px solid {RED}; }}
#strip[level="info"] {{ border-left: 4px solid {MUTED}; }}
#help {{ background: rgba(16, 18, 22, 235); border: 1px solid {LINE}; border-radius: 12px; }}
QToolTip {{ background: {RAISED}; color: {TEXT}; border: 1px solid {LINE}; padding: 4px 6px; }}
"""
