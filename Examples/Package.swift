// swift-tools-version: 6.2
import PackageDescription

// What a program that uses Kongur depends on: the one library product.

let package = Package(
    name: "examples",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "kongur", path: "..")],
    targets: [
        .executableTarget(
            name: "Ask",
            dependencies: [.product(name: "Kongur", package: "kongur")],
            swiftSettings: [.treatAllWarnings(as: .error)]
        )
    ]
)
