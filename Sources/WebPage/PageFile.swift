/// A file of the web page, embedded in the program, so that one binary is all of a server.
package struct PageFile: Sendable {
    /// Its name in `Files`.
    package var name: String
    package var bytes: [UInt8]

    /// What the server shows at `/`.
    package static let index = PageFile(name: "index.html", bytes: PackageResources.index_html)

    /// What the page is made of beside that.
    package static let parts: [PageFile] = [
        PageFile(name: "answer.js", bytes: PackageResources.answer_js),
        PageFile(name: "api.js", bytes: PackageResources.api_js),
        PageFile(name: "app.js", bytes: PackageResources.app_js),
        PageFile(name: "appearance.js", bytes: PackageResources.appearance_js),
        PageFile(name: "base.css", bytes: PackageResources.base_css),
        PageFile(name: "chart.js", bytes: PackageResources.chart_js),
        PageFile(name: "chat.js", bytes: PackageResources.chat_js),
        PageFile(name: "chinese.js", bytes: PackageResources.chinese_js),
        PageFile(name: "code.js", bytes: PackageResources.code_js),
        PageFile(name: "composer.js", bytes: PackageResources.composer_js),
        PageFile(name: "conversation.js", bytes: PackageResources.conversation_js),
        PageFile(name: "dom.js", bytes: PackageResources.dom_js),
        PageFile(name: "drawers.js", bytes: PackageResources.drawers_js),
        PageFile(name: "emphasis.js", bytes: PackageResources.emphasis_js),
        PageFile(name: "english.js", bytes: PackageResources.english_js),
        PageFile(name: "entities.js", bytes: PackageResources.entities_js),
        PageFile(name: "errors.js", bytes: PackageResources.errors_js),
        PageFile(name: "icon.svg", bytes: PackageResources.icon_svg),
        PageFile(name: "key-dialog.js", bytes: PackageResources.key_dialog_js),
        PageFile(name: "language.js", bytes: PackageResources.language_js),
        PageFile(name: "layout.css", bytes: PackageResources.layout_css),
        PageFile(name: "live-panel.js", bytes: PackageResources.live_panel_js),
        PageFile(name: "markdown.js", bytes: PackageResources.markdown_js),
        PageFile(name: "math.js", bytes: PackageResources.math_js),
        PageFile(name: "message.css", bytes: PackageResources.message_css),
        PageFile(name: "message.js", bytes: PackageResources.message_js),
        PageFile(name: "metrics.js", bytes: PackageResources.metrics_js),
        PageFile(name: "models.js", bytes: PackageResources.models_js),
        PageFile(name: "morph.js", bytes: PackageResources.morph_js),
        PageFile(name: "panel.css", bytes: PackageResources.panel_css),
        PageFile(name: "print.css", bytes: PackageResources.print_css),
        PageFile(name: "settings-panel.js", bytes: PackageResources.settings_panel_js),
        PageFile(name: "shortcuts.js", bytes: PackageResources.shortcuts_js),
        PageFile(name: "sidebar.js", bytes: PackageResources.sidebar_js),
        PageFile(name: "source.js", bytes: PackageResources.source_js),
        PageFile(name: "storage.js", bytes: PackageResources.storage_js),
        PageFile(name: "text.css", bytes: PackageResources.text_css),
        PageFile(name: "theme.js", bytes: PackageResources.theme_js),
        PageFile(name: "toast.js", bytes: PackageResources.toast_js),
        PageFile(name: "transfer.js", bytes: PackageResources.transfer_js),
        PageFile(name: "welcome.js", bytes: PackageResources.welcome_js),
    ]
}
