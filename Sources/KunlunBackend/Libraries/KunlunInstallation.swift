package import DeviceRuntime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The libraries of a Kunlun installation: where they are looked for, what was found, and what is missing.
package struct KunlunInstallation: Sendable {
    /// One library.
    package struct Part: Sendable {
        /// What it is for.
        package var purpose: String
        /// The path under which it opened; nil when none did.
        package var path: String?
        /// What was tried in vain, with the loader's reason.
        package var failures: [String]
        /// Why a library that opened does not serve.
        package var reason: String?
        /// Names that it exports, and those that it does not.
        package var present: [String]
        package var missing: [String]
        /// What it says of itself.
        package var version: String?
    }

    package private(set) var runtime: Part
    package private(set) var management: Part
    package private(set) var operators: Part

    let calls: XPURuntime?
    let states: XPUManagement?
    let library: KunlunOperators?
    /// What KONGUR_KUNLUN_READINGS chooses.
    let choices: String

    /// Looks in the environment's folders and then in those where the vendor's packages install.
    ///
    /// `KONGUR_XPURT`, `KONGUR_XPUML` and `KONGUR_KUNLUN_OPS` name one file each and nothing else is tried then.
    package init(environment: [String: String]) {
        let folders = Self.folders(environment)
        choices = environment["KONGUR_KUNLUN_READINGS"] ?? ""
        func search(_ variable: String, _ names: [String]) -> DynamicLibrary.Search {
            if let path = environment[variable], !path.isEmpty { return DynamicLibrary.find([path]) }
            // Last by the bare name, which the loader looks up by LD_LIBRARY_PATH and its cache.
            return DynamicLibrary.find(folders.flatMap { folder in names.map { "\(folder)/\($0)" } } + names)
        }
        let runtime = search("KONGUR_XPURT", ["libxpurt.so.2", "libxpurt.so.1", "libxpurt.so"])
        let management = search("KONGUR_XPUML", ["libxpuml.so.1", "libxpuml.so"])
        let operators = search("KONGUR_KUNLUN_OPS", ["libkongur_kunlun_ops.so"])
        calls = runtime.library.flatMap { XPURuntime($0) }
        states = management.library.flatMap { XPUManagement($0) }
        let loaded = operators.library.map { KunlunOperators.load($0) }
        library = loaded?.operators

        self.runtime = Part("runtime", runtime, XPURuntime.required, XPURuntime.optional) { [$0] }
        if runtime.library != nil, calls == nil {
            self.runtime.reason = "it lacks \(self.runtime.missing.joined(separator: ", "))"
        }
        self.runtime.version = calls.flatMap { XPURuntime.version($0.runtimeVersion) }
        self.management = Part(
            "management",
            management,
            XPUManagement.required,
            XPUManagement.optional,
            XPUManagement.names
        )
        if management.library != nil, states == nil { self.management.reason = "it does not start" }
        self.management.version = states?.driverVersion
        self.operators = Part("operators", operators, KunlunOperators.required, KunlunOperators.optional) { [$0] }
        self.operators.reason = loaded.flatMap { $0.operators == nil ? $0.reason : nil }
        self.operators.version = library?.description
    }

    private static func folders(_ environment: [String: String]) -> [String] {
        var folders: [String] = []
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let path = value("XRE_PATH") { folders += ["\(path)/so", "\(path)/lib64", path] }
        if let path = value("KUNLUN_HOME") { folders += ["\(path)/xre/so", "\(path)/so", "\(path)/lib64"] }
        // Python packages bring the runtime of third-generation cards along.
        for root in [value("CONDA_PREFIX"), value("VIRTUAL_ENV")].compactMap(\.self) {
            let versions = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/lib")) ?? []
            for version in versions.sorted().reversed() where version.hasPrefix("python") {
                let packages = "\(root)/lib/\(version)/site-packages"
                folders += ["\(packages)/torch_xmlir/xre/so", "\(packages)/paddle/libs"]
            }
        }
        // Where the runtime of first-generation cards installs itself: `xpu-4.33.0` and the like.
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/local")) ?? []
        for name in versions.sorted().reversed() where name.hasPrefix("xpu-") {
            folders += ["/usr/local/\(name)/lib64", "/usr/local/\(name)/so"]
        }
        folders += [
            "/usr/local/xpu/so", "/usr/local/xpu/lib64", "/opt/xre/so", "/usr/local/xre/so", "/usr/local/lib/kongur",
        ]
        return folders
    }

    /// How many devices the runtime sees; 0 without a runtime.
    ///
    /// Throws what the runtime answers instead.
    package func deviceCount() throws(DeviceError) -> Int {
        guard let calls else { return 0 }
        var count: Int32 = 0
        let code = calls.deviceCount(&count)
        // Without a driver there is no device, which is no failure.
        if XPUFault(code, in: "xpu_device_count").code == 703 { return 0 }
        try XPUFault.check(code, "xpu_device_count", device: nil)
        return max(0, Int(count))
    }

    /// What libxpuml says about the device at an address; nothing without libxpuml.
    func state(at address: PCIAddress?) -> KunlunState { address.flatMap { states?.state(at: $0) } ?? KunlunState() }

    /// What a person must do before models run on `xpu`; nil when nothing is missing.
    package var whatIsMissing: String? {
        if calls == nil {
            let reason = runtime.reason.map { "\(runtime.path ?? "libxpurt") \($0)" } ?? "libxpurt is not found"
            return "\(reason): install Kunlun's XRE, or name the file in KONGUR_XPURT"
        }
        if library == nil {
            return
                "\(operators.reason ?? "libkongur_kunlun_ops.so is not found"): build Plugins/kunlun against XDNN and name the file in KONGUR_KUNLUN_OPS"
        }
        return nil
    }
}

extension KunlunInstallation.Part {
    fileprivate init(
        _ purpose: String,
        _ search: DynamicLibrary.Search,
        _ required: [String],
        _ optional: [String],
        _ spellings: (String) -> [String]
    ) {
        self.purpose = purpose
        path = search.library?.path
        failures = search.failures.map { "\($0.path): \($0.reason)" }
        func isThere(_ name: String) -> Bool {
            search.library?.function(spellings(name), as: UnsafeRawPointer.self) != nil
        }
        present = (required + optional).filter(isThere)
        missing = (required + optional).filter { !isThere($0) }
    }
}
