import Foundation

/// The JavaScript packages that the web page uses, read from where they are installed.
///
/// Without them it shows plain text.
package struct JavaScriptPackages {
    /// Contents by the names that the page uses.
    private(set) var files: [String: [UInt8]] = [:]
    /// Debian's names of packages that are not there.
    package private(set) var missing: [String] = []

    /// Debian's packages with what is needed of each: the page's name for a file, and its path in the folder.
    private static let needed: [(package: String, files: [(name: String, path: String)])] = [
        ("libjs-marked", [("marked.js", "marked/marked.min.js")]),
        ("libjs-highlight.js", [("highlight.js", "highlight.js/highlight.min.js")]),
        ("libjs-katex", [("katex/katex.js", "katex/katex.min.js"), ("katex/katex.css", "katex/katex.min.css")]),
        ("fonts-katex", fonts.map { ("katex/fonts/\($0)", "katex/fonts/\($0)") }),
    ]

    /// The fonts that KaTeX's styles name, in the form that every browser takes.
    private static let fonts = [
        "AMS-Regular", "Caligraphic-Bold", "Caligraphic-Regular", "Fraktur-Bold", "Fraktur-Regular", "Main-Bold",
        "Main-BoldItalic", "Main-Italic", "Main-Regular", "Math-BoldItalic", "Math-Italic", "SansSerif-Bold",
        "SansSerif-Italic", "SansSerif-Regular", "Script-Regular", "Size1-Regular", "Size2-Regular", "Size3-Regular",
        "Size4-Regular", "Typewriter-Regular",
    ].map { "KaTeX_\($0).woff2" }

    /// A file that is larger is none of these.
    private static let mostBytes = 16 << 20

    package init(folder: String) {
        for (package, needed) in Self.needed {
            for (name, path) in needed {
                if let bytes = Self.read("\(folder)/\(path)") {
                    files[name] = bytes
                } else if missing.last != package {
                    missing.append(package)
                }
            }
        }
    }

    private static func read(_ path: String) -> [UInt8]? {
        guard let file = FileHandle(forReadingAtPath: path), let data = try? file.read(upToCount: mostBytes + 1),
            !data.isEmpty, data.count <= mostBytes
        else { return nil }
        return Array(data)
    }
}
