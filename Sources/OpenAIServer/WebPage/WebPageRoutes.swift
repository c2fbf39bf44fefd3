import Crypto
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import WebPage

/// The web page at `/`, its parts below `/page/`, and `/page/settings`, which tells it what the server is.
///
/// The files hold nothing secret and are open to everybody: the page asks for a key itself. Only what is in `files` is
/// served; no path of a request ever names a file.
struct WebPageRoutes: Sendable {
    private struct File: Sendable {
        var bytes: ByteBuffer
        var type: String
        var tag: String

        init(_ name: String, _ bytes: [UInt8]) {
            self.bytes = ByteBuffer(bytes: bytes)
            type =
                switch name.split(separator: ".").last {
                case "css": "text/css; charset=utf-8"
                case "html": "text/html; charset=utf-8"
                case "js": "text/javascript; charset=utf-8"
                case "svg": "image/svg+xml"
                case "woff2": "font/woff2"
                default: "application/octet-stream"
                }
            tag =
                "\""
                + SHA256.hash(data: bytes).prefix(16).map { String(Int($0) | 0x100, radix: 16).dropFirst() }.joined()
                + "\""
        }
    }

    static let settingsPath = "/page/settings"

    private let files: [String: File]
    private let settings: PageSettings

    /// Reads the JavaScript packages, once; what is missing is logged, and the page says so too.
    init(model: ServedModel, javaScriptFolder: String, _ logger: Logger) {
        let packages = JavaScriptPackages(folder: javaScriptFolder)
        if !packages.missing.isEmpty {
            logger.warning(
                "the web page shows formulas and code as plain text: install the missing packages, or name their folder with --javascript-folder",
                metadata: [
                    "folder": "\(javaScriptFolder)", "missing": "\(packages.missing.joined(separator: " "))",
                ]
            )
        }
        var files = ["/": File("index.html", PageFile.index.bytes)]
        for part in PageFile.parts { files["/page/\(part.name)"] = File(part.name, part.bytes) }
        for (name, bytes) in packages.files { files["/page/lib/\(name)"] = File(name, bytes) }
        self.files = files
        settings = PageSettings(model)
    }

    /// Routes that are open to everybody.
    var open: Set<String> { Set(files.keys) }

    func add(to router: Router<ServerContext>) {
        router.get("/") { request, _ in try response(request) }
        router.get(RouterPath(Self.settingsPath)) { _, _ in try Response(json: settings) }
        router.get("/page/**") { request, _ in try response(request) }
    }

    private func response(_ request: Request) throws -> Response {
        guard let file = files[request.uri.path] else { throw HTTPError(.notFound) }
        var headers = Self.headers
        headers[.eTag] = file.tag
        let known = request.headers[values: .ifNoneMatch].flatMap { $0.split(separator: ",") }
        if known.contains(where: { $0.filter { $0 != " " }.hasSuffix(file.tag) }) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = file.type
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: file.bytes))
    }

    /// The page runs its own scripts alone, asks this server alone, and cannot be framed.
    ///
    /// With Trusted Types, text cannot become markup or script at all: the page makes every element itself.
    private static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "font-src 'self'",
        "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        "require-trusted-types-for 'script'", "trusted-types 'none'",
    ].joined(separator: "; ")

    private static let headers: HTTPFields = [
        .contentSecurityPolicy: policy,
        .xContentTypeOptions: "nosniff",
        .referrerPolicy: "no-referrer",
        .openerPolicy: "same-origin",
        .crossOriginResourcePolicy: "same-origin",
        // Kept, and asked about each time: another version of the server is seen at once.
        .cacheControl: "no-cache",
    ]
}
