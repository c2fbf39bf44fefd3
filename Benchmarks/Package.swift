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

let package = Package(
    name: "benchmarks",
    dependencies: [
        // Without its traits it needs no library that replaces malloc; allocations are then not counted.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: [])
    ],
    targets: [
        .target(name: "Tokenizers", swiftSettings: swift),
        .executableTarget(
            name: "TokenizersBenchmarks",
            dependencies: ["Tokenizers", .product(name: "Benchmark", package: "benchmark")],
            path: "Benchmarks/TokenizersBenchmarks",
            swiftSettings: swift,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
        ),
    ]
)
