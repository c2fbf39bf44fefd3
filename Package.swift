// swift-tools-version: 6.2
import PackageDescription

// The rooms of Kongur, lowest first. A room imports only what its line lists; `scripts/check-layers.sh` holds that.
// docs/decisions/0001-rooms.md says why the rooms are these.

let swift: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
]

func room(_ name: String, _ imports: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource]? = nil)
    -> Target
{
    .target(name: name, dependencies: imports, exclude: exclude, resources: resources, swiftSettings: swift)
}

func tests(_ name: String, _ imports: [Target.Dependency], exclude: [String] = [], resources: [Resource]? = nil)
    -> Target
{
    .testTarget(name: name, dependencies: imports, exclude: exclude, resources: resources, swiftSettings: swift)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let bigInt = Target.Dependency.product(name: "BigInt", package: "BigInt")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1 = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let instrumentation = Target.Dependency.product(name: "Instrumentation", package: "swift-distributed-tracing")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let inMemoryTracing = Target.Dependency.product(name: "InMemoryTracing", package: "swift-distributed-tracing")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
func nio(_ product: String) -> Target.Dependency { .product(name: product, package: "swift-nio") }

let package = Package(
    name: "kongur",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "kongur", targets: ["KongurCLI"]),
        .library(name: "Kongur", targets: ["Kongur"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-crypto", "3.12.3"..<"5.0.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.6.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/attaswift/BigInt", from: "6.0.1"),
    ],
    targets: [
        // 0
        room("Tensors"),
        room("Tokenizers"),
        room("MemoryAccounting"),
        room("PrometheusMetrics"),
        room("HTTPTransport", [asyncHTTPClient, nio("NIOCore"), nio("NIOPosix"), nioSSL]),
        room("WebPage", resources: [.embedInCode("Files")]),
        .target(name: "CKernels", linkerSettings: [.linkedLibrary("m"), .linkedLibrary("pthread")]),
        .target(name: "CKunlun"),
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        // 1
        room("Grammars", ["MemoryAccounting", "Tokenizers"]),
        room("XIR", ["Tensors"]),
        room("ModelHub", ["HTTPTransport", asyncHTTPClient, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), crypto]),
        room("OpenAIClient", ["HTTPTransport", asyncHTTPClient, nio("NIOCore"), nio("NIOHTTP1")]),
        room("Checkpoints", ["Tensors"]),
        room("ResponseCaching", ["CHiredis", grdb, crypto, logging]),
        room("BatchJobs", ["Tokenizers", grdb]),
        room("ONNX", ["Tensors", protobuf], exclude: ["Protobuf/onnx.proto"]),
        // 2
        room("DeviceRuntime", ["Tensors", "XIR", crypto]),
        room("Frontends", ["Checkpoints", "ONNX", "XIR", "Tensors"]),
        // 3
        room("ReferenceBackend", ["DeviceRuntime", "Tensors", "XIR"]),
        room("CPUBackend", ["CKernels", "DeviceRuntime", "Tensors", "XIR"]),
        room("DeviceSimulation", ["DeviceRuntime", "Tensors", "XIR"], resources: [.embedInCode("Devices")]),
        // 4
        room("KunlunBackend", ["CKunlun", "DeviceRuntime", "ReferenceBackend", "Tensors", "XIR"]),
        room("InferenceEngine", ["DeviceRuntime", "Tensors"]),
        // 5
        room("XIRCompiler", ["DeviceRuntime", "ReferenceBackend", "Tensors", "XIR"]),
        room("CapacityPlanning", ["DeviceRuntime", "DeviceSimulation", "InferenceEngine"]),
        room("TextGeneration", ["Grammars", "InferenceEngine", "MemoryAccounting", "Tokenizers", tracing]),
        // 6
        room("Evaluation", [bigInt]),
        room(
            "OpenAIServer",
            [
                "BatchJobs", "DeviceRuntime", "InferenceEngine", "MemoryAccounting", "PrometheusMetrics",
                "ResponseCaching", "Tensors",
                "TextGeneration", "Tokenizers", "WebPage", hummingbird, hummingbirdCore, httpTypes,
                nio("NIOCore"), nio("NIOHTTP1"), nio("NIOPosix"), nioHTTPTypes, nioHTTPTypesHTTP1, nioSSL, logging,
                serviceLifecycle, unixSignals, crypto, instrumentation, tracing,
            ]
        ),
        // 7
        room(
            "Kongur",
            [
                "CPUBackend", "Checkpoints", "DeviceRuntime", "DeviceSimulation", "Frontends", "InferenceEngine",
                "KunlunBackend", "MemoryAccounting", "ModelHub", "ONNX", "ReferenceBackend", "Tensors",
                "TextGeneration",
                "Tokenizers", "XIR", "XIRCompiler", crypto, tracing,
            ]
        ),
        // 8
        .executableTarget(
            name: "KongurCLI",
            dependencies: [
                "BatchJobs", "CapacityPlanning", "Checkpoints", "CPUBackend", "DeviceRuntime", "DeviceSimulation",
                "Evaluation",
                "InferenceEngine",
                "Kongur",
                "KunlunBackend",
                "ModelHub",
                "ONNX", "OpenAIClient", "OpenAIServer", "PrometheusMetrics", "ReferenceBackend", "ResponseCaching",
                "Tensors",
                "TextGeneration", "Tokenizers", "XIR", "XIRCompiler",
                argumentParser, configuration, logging, system, yams,
            ],
            swiftSettings: swift
        ),
        // tests
        .target(
            name: "KongurTesting",
            dependencies: [
                "DeviceRuntime", "Tensors", "Tokenizers", "XIR",
                nio("NIOConcurrencyHelpers"), nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"),
                inMemoryTracing, instrumentation,
            ],
            path: "Tests/KongurTesting",
            exclude: ["make_tiny_checkpoints.py"],
            swiftSettings: swift
        ),
        // Wrong models and texts, for tests and for scripts/fuzz-models.py.
        .target(
            name: "ModelFuzzing",
            dependencies: [
                "DeviceRuntime", "InferenceEngine", "ReferenceBackend", "Tensors", "XIR", "XIRCompiler",
            ],
            path: "Tests/ModelFuzzing",
            swiftSettings: swift
        ),
        .executableTarget(
            name: "FuzzModels",
            dependencies: ["CPUBackend", "DeviceRuntime", "ModelFuzzing", "ReferenceBackend"],
            path: "Tests/FuzzModels",
            swiftSettings: swift
        ),
        tests("TensorsTests", ["Tensors"]),
        tests("MemoryAccountingTests", ["MemoryAccounting"]),
        tests("PrometheusMetricsTests", ["PrometheusMetrics"]),
        tests("CKernelsTests", ["CKernels", "KongurTesting"]),
        tests(
            "CPUBackendTests",
            ["CKernels", "CPUBackend", "DeviceRuntime", "KongurTesting", "ReferenceBackend", "Tensors", "XIR"]
        ),
        tests(
            "KunlunBackendTests",
            [
                "Checkpoints", "DeviceRuntime", "Frontends", "KongurTesting", "KunlunBackend", "ONNX",
                "ReferenceBackend",
                "Tensors", "XIR", "XIRCompiler",
            ],
            exclude: ["StandIn"]
        ),
        tests("InferenceEngineTests", ["InferenceEngine", "KongurTesting", "DeviceRuntime", "Tensors"]),
        tests(
            "TextGenerationTests",
            [
                "TextGeneration", "Grammars", "InferenceEngine", "KongurTesting", "DeviceRuntime", "MemoryAccounting",
                "Tokenizers",
            ]
        ),
        tests("TokenizersTests", ["Tokenizers"], exclude: ["families.py", "jinja_table.py", "oracle.py", "Templates"]),
        tests(
            "GrammarsTests",
            ["Grammars", "KongurTesting", "MemoryAccounting", "Tokenizers"],
            exclude: ["validate.py"]
        ),
        tests("BatchJobsTests", ["BatchJobs", "KongurTesting", "Tokenizers", grdb]),
        tests("ResponseCachingTests", ["KongurTesting", "ResponseCaching", grdb, logging]),
        tests("XIRTests", ["KongurTesting", "XIR", "Tensors"], exclude: ["Golden"]),
        tests("CheckpointsTests", ["Checkpoints", "KongurTesting", "Tensors"]),
        tests(
            "EndToEndTests",
            [
                "Checkpoints", "CPUBackend", "DeviceRuntime", "Frontends", "KongurTesting", "ModelFuzzing", "ONNX",
                "ReferenceBackend", "Tensors", "XIR", "XIRCompiler",
            ],
            exclude: ["export_with_torch.py"]
        ),
        tests(
            "XIRCompilerTests",
            ["DeviceRuntime", "KongurTesting", "ReferenceBackend", "Tensors", "XIR", "XIRCompiler"]
        ),
        tests("ONNXTests", ["ONNX", "Tensors"]),
        tests(
            "FrontendsTests",
            ["Frontends", "Checkpoints", "ONNX", "KongurTesting", "Tensors", "XIR"],
            exclude: ["run_exported_decoder.py"]
        ),
        tests("DeviceRuntimeTests", ["DeviceRuntime", "Tensors", "XIR"]),
        tests("DeviceSimulationTests", ["DeviceRuntime", "DeviceSimulation", "Tensors", "XIR"]),
        tests(
            "ReferenceBackendTests",
            ["ReferenceBackend", "DeviceRuntime", "Tensors", "XIR"],
            exclude: ["Golden", "golden_values.py"]
        ),
        tests("EvaluationTests", ["Evaluation"]),
        tests(
            "CapacityPlanningTests",
            [
                "CapacityPlanning", "Checkpoints", "DeviceRuntime", "DeviceSimulation", "Frontends", "InferenceEngine",
                "Kongur", "KongurTesting", "Tensors", "XIRCompiler",
            ]
        ),
        tests(
            "OpenAIServerTests",
            [
                "BatchJobs", "DeviceRuntime", "OpenAIServer", "InferenceEngine", "KongurCLI", "KongurTesting",
                "MemoryAccounting",
                "ResponseCaching", "TextGeneration", "Tokenizers", httpTypes, inMemoryTracing, logging, nio("NIOCore"),
                tracing,
            ],
            exclude: ["WebPage"]
        ),
        tests(
            "KongurTests",
            [
                "CPUBackend", "DeviceRuntime", "DeviceSimulation", "InferenceEngine", "Kongur", "KongurTesting", "ONNX",
                "XIRCompiler",
                inMemoryTracing, tracing,
            ]
        ),
        tests(
            "KongurCLITests",
            [
                "DeviceRuntime", "InferenceEngine", "KongurCLI", "KongurTesting", "OpenAIServer", nio("NIOCore"),
                nio("NIOHTTP1"),
            ],
            exclude: ["chat_terminal.py", "top_terminal.py"]
        ),
        tests(
            "OpenAIClientTests",
            ["HTTPTransport", "KongurTesting", "OpenAIClient", nio("NIOCore"), nio("NIOHTTP1")]
        ),
        tests(
            "ModelHubTests",
            [
                "KongurTesting", "ModelHub", nio("NIOConcurrencyHelpers"), nio("NIOCore"), nio("NIOPosix"),
                nio("NIOHTTP1"), crypto,
            ]
        ),
    ]
)
