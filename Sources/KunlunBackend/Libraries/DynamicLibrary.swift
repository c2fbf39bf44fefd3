#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A shared library that was opened at run time; it stays open.
///
/// `@unchecked Sendable`: the handle is only ever given to `dlsym`, which any thread may call.
package final class DynamicLibrary: @unchecked Sendable {
    /// The name under which it was found.
    package let path: String
    private let handle: UnsafeMutableRawPointer

    private init(_ path: String, _ handle: UnsafeMutableRawPointer) {
        self.path = path
        self.handle = handle
    }

    /// What came of looking for a library.
    package struct Search: Sendable {
        package var library: DynamicLibrary?
        /// Each name that was tried, with the loader's reason.
        package var failures: [(path: String, reason: String)] = []
    }

    /// The first of these names that opens.
    package static func find(_ paths: [String]) -> Search {
        var search = Search()
        for path in paths {
            if let handle = dlopen(path, RTLD_NOW | RTLD_GLOBAL) {
                search.library = DynamicLibrary(path, handle)
                return search
            }
            search.failures.append((path, dlerror().map { String(cString: $0) } ?? "it does not open"))
        }
        return search
    }

    /// The first of these names that the library exports, as a function of the type that is asked for.
    func function<Function>(_ names: [String], as type: Function.Type = Function.self) -> Function? {
        for name in names {
            if let symbol = dlsym(handle, name) { return unsafeBitCast(symbol, to: type) }
        }
        return nil
    }
}
