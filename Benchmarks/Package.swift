// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that building and testing Kongur does not build what measures it. Sources/ links to the rooms
// that are measured: they are then targets of this package, whose `package` declarations the benchmarks may use.

let swift: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
]

let benchmark = Target.Dependency.product(name: "Benchmark", package: "benchmark")

func room(_ name: String, _ imports: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: imports, exclude: exclude, swiftSettings: swift)
}

/// Benchmarks of one room, in a folder of that name.
func benchmarks(_ name: String, _ imports: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name,
        dependencies: imports + ["Yardsticks", benchmark],
        path: "Benchmarks/\(name)",
        swiftSettings: swift,
        plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
    )
}

let package = Package(
    name: "benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        // Without its traits it needs no library that replaces malloc; allocations are then not counted.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    ],
    targets: [
        // The rooms, with the dependencies that Kongur's Package.swift gives them.
        room("Tensors"),
        room("Tokenizers"),
        .target(name: "CKernels", linkerSettings: [.linkedLibrary("m"), .linkedLibrary("pthread")]),
        room("MemoryAccounting"),
        room("Grammars", ["MemoryAccounting", "Tokenizers"]),
        room("XIR", ["Tensors"]),
        room("Checkpoints", ["Tensors"]),
        room(
            "ONNX",
            ["Tensors", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
            exclude: ["Protobuf/onnx.proto"]
        ),
        room("DeviceRuntime", ["Tensors", "XIR"]),
        room("Frontends", ["Checkpoints", "ONNX", "XIR", "Tensors"]),
        room("ReferenceBackend", ["DeviceRuntime", "Tensors", "XIR"]),
        room("CPUBackend", ["CKernels", "DeviceRuntime", "Tensors", "XIR"]),
        room("InferenceEngine", ["DeviceRuntime", "Tensors"]),
        room("XIRCompiler", ["DeviceRuntime", "ReferenceBackend", "Tensors", "XIR"]),
        room(
            "KongurTesting",
            ["DeviceRuntime", "Tensors", "Tokenizers", "XIR"],
            exclude: ["make_tiny_checkpoints.py"]
        ),
        // What measures them.
        .target(
            name: "Yardsticks",
            dependencies: ["CKernels", benchmark],
            path: "Benchmarks/Yardsticks",
            swiftSettings: swift
        ),
        benchmarks("TokenizersBenchmarks", ["Grammars", "Tokenizers"]),
        benchmarks(
            "CPUBackendBenchmarks",
            ["CPUBackend", "CKernels", "DeviceRuntime", "KongurTesting", "Tensors", "XIR", "XIRCompiler"]
        ),
        benchmarks("InferenceEngineBenchmarks", ["InferenceEngine", "KongurTesting"]),
        benchmarks(
            "XIRCompilerBenchmarks",
            ["Checkpoints", "Frontends", "KongurTesting", "ONNX", "Tensors", "XIR", "XIRCompiler"]
        ),
    ]
)
