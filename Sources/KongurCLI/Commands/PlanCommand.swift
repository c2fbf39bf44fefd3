import ArgumentParser
import CapacityPlanning
import Checkpoints
import DeviceRuntime
import DeviceSimulation
import Foundation
import Kongur

/// `kongur plan`: what a model would do on devices that nobody here has.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Say what serving a model takes on a device, how fast it is and what it costs, without the device.",
        discussion: """
            The scheduler that serves runs under a simulated clock; how long each step takes comes from the device's \
            descriptor, as docs/timing-model.md says. The same command prints the same bytes. Descriptors say of each number \
            where it is from; the report names those that nobody has measured or published.

            With --users a day is planned: as many replicas as keep the targets in the busiest hour, and one of them \
            simulated hour by hour.

            --article prints the table of docs/article.md, which sets an article's figures beside those computed.
            """
    )

    @Option(
        help: ArgumentHelp(
            "The model's shape: \(ModelShape.allCases.map(\.rawValue).joined(separator: ", ")), or the path of a config.json. No weights are needed.",
            valueName: "shape"
        )
    )
    var shape = ModelShape.vibethinker

    @Option(
        help: ArgumentHelp(
            "Devices side by side, with commas: names as `kongur devices` lists them, or paths of descriptors.",
            valueName: "name,..."
        )
    )
    var device = "k20"

    @Option(help: "Weights in 16 bits or in 8.")
    var quantize = Quantization.fp16

    @OptionGroup(title: "Traffic and targets") var arguments: PlanArguments

    @Option(help: ArgumentHelp("Draw what happens as the load grows.", valueName: "out.svg"))
    var svg: String?

    @Flag(help: "Print JSON: an object for one device, and {\"devices\": [...]} for several.")
    var json = false

    @Flag(help: "Print the table of an article's figures and those computed, in Markdown.")
    var article = false

    enum Quantization: String, ExpressibleByArgument, CaseIterable {
        case fp16, int8

        var form: DecoderWork.Form { self == .fp16 ? .float16 : .int8 }
    }

    func run() throws {
        do {
            if article {
                Console.write(try ArticleTable(devices: DeviceCatalog.descriptors()).markdown)
            } else {
                try plan()
            }
        } catch let error as CapacityError {
            throw KongurError(.invalidInput, error.message, cause: error)
        }
    }

    private func plan() throws {
        let configuration = try ModelConfiguration(parsing: shape.configuration, file: shape.rawValue)
        var options = try arguments.options(
            model: shape.rawValue,
            shape: DecoderShape(configuration),
            form: quantize.form
        )
        if svg != nil { options.curvePoints = 12 }
        var plans: [DevicePlan] = []
        for descriptor in try descriptors() {
            Console.progress("planning for \(descriptor.name)")
            plans.append(try CapacityPlanner(options, device: descriptor).plan())
        }
        Console.progress("")
        if let svg { try OutputFile.write(LoadPlot(plans, target: options.targetTimeToFirst).svg, to: svg, as: .svg) }
        if !json {
            Console.print(PlanTable(plans: plans, options: options).text)
        } else if plans.count == 1 {
            try Console.print(json: plans[0])
        } else {
            try Console.print(json: ["devices": plans])
        }
    }

    /// Those that were named, in that order.
    private func descriptors() throws -> [DeviceDescriptor] {
        let known = try DeviceCatalog.descriptors()
        let names = device.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        return try names.map { name in
            if let descriptor = known.first(where: { $0.name == name }) { return descriptor }
            guard name.contains("/") || name.hasSuffix(".json") else {
                let all = known.map(\.name).joined(separator: ", ")
                throw KongurError(
                    .invalidInput,
                    "no descriptor of a device is named '\(name)'; there are \(all), and paths of descriptors"
                )
            }
            do {
                return try DescriptorCatalog.read(name)
            } catch {
                throw KongurError(error)
            }
        }
    }
}
