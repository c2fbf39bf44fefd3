import Foundation
import Synchronization

/// Stand-ins for Kunlun's libraries, built from C of this repository by the compiler that is there.
package struct KunlunStandIn {
    /// How the operator library is built.
    package enum Operators: String, Sendable {
        case all = ""
        /// Without attention and norms, and with a SwiGLU that refuses all shapes.
        case few = "-DSTANDIN_WITHOUT_ATTENTION -DSTANDIN_WITHOUT_RMS_NORM -DSTANDIN_REFUSES_SWIGLU"
        /// With a SwiGLU that refuses all shapes.
        case refusing = "-DSTANDIN_REFUSES_SWIGLU"
        case ofAnotherVersion = "-DSTANDIN_ABI=9"
    }

    package struct Failure: Error {
        package var output: String
    }

    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
    private static let folder = FileManager.default.temporaryDirectory.path + "/kongur-kunlun-\(getpid())"
    /// What was built by this process, by name.
    private static let built = Mutex<[String: Bool]>([:])

    /// Whether there is a compiler.
    package static let isAvailable = (try? run("/usr/bin/env", ["clang", "--version"])) != nil

    /// The variables that make Kongur open the stand-ins; libxpuml may not tell where devices are on the bus.
    package static func environment(_ operators: Operators = .all, tellsPlaces: Bool = true) throws -> [String: String]
    {
        [
            "KONGUR_XPURT": try library("standin_xpurt", "", "libxpurt.so"),
            "KONGUR_XPUML": try tellsPlaces
                ? library("standin_xpuml", "", "libxpuml.so")
                : library("standin_xpuml", "-DSTANDIN_WITHOUT_PCI", "libxpuml-without-places.so"),
            "KONGUR_KUNLUN_OPS": try library("standin_ops", operators.rawValue, "libops\(operators.rawValue.count).so"),
        ]
    }

    /// A function of the stand-in runtime, which must be open already.
    package static func function<Function>(_ name: String, as type: Function.Type) throws -> Function {
        guard let handle = dlopen(try library("standin_xpurt", "", "libxpurt.so"), RTLD_NOW | RTLD_GLOBAL),
            let symbol = dlsym(handle, name)
        else { throw Failure(output: "\(name) is missing") }
        return unsafeBitCast(symbol, to: type)
    }

    private static func library(_ source: String, _ flags: String, _ name: String) throws -> String {
        let path = "\(folder)/\(name)"
        try built.withLock { built in
            guard built[name] == nil else { return }
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let arguments = [
                "clang", "-O2", "-std=c11", "-shared", "-fPIC", "-I", "\(repository)/Sources/CKunlun/include", "-o",
                path,
                "\(repository)/Tests/KunlunBackendTests/StandIn/\(source).c", "-lm", "-lpthread",
            ]
            try run("/usr/bin/env", arguments + flags.split(separator: " ").map(String.init))
            built[name] = true
        }
        return path
    }

    private static func run(_ program: String, _ arguments: [String]) throws {
        let (status, output) = try outputOfProgram(program, arguments)
        guard status == 0 else { throw Failure(output: output) }
    }
}
