import Frontends
import KongurTesting
import ONNX
import Tensors
import XIRCompiler

/// Random damage to a graph: what a broken exporter or a hostile file might hold, well formed as a file.
struct GraphDamage {
    private var random: SeededGenerator
    private let names: [String]
    private let operators: [String]
    private static let numbers = [0, 1, -1, 2, 3, -2, 7, 1 << 31, -(1 << 31), 1 << 62, .max, .min]

    init(_ model: Model, seed: UInt64) {
        random = SeededGenerator(seed)
        let graph = model.graph
        names = graph.inputs.map(\.name) + graph.initializers.map(\.name) + graph.nodes.flatMap(\.outputs)
        operators = Set(graph.nodes.map(\.operatorType)).sorted()
    }

    /// Compiles damaged copies of a model.
    ///
    /// Each may be refused or mean something else; none may end the program.
    static func compileDamaged(_ model: Model, times: Int) async {
        var options = CompilerOptions()
        options.cacheElementType = .float32
        for seed in 0..<UInt64(times) {
            // Tests that wait for something run on the same few threads.
            await Task.yield()
            var damage = GraphDamage(model, seed: seed)
            let damaged = damage.damaged(model)
            guard let module = try? ONNXImporter.module(from: damaged) else { continue }
            _ = try? Compiler(options: options).compile(module, contextLength: 64, stopTokenIDs: [])
        }
    }

    mutating func damaged(_ model: Model) -> Model {
        var model = model
        for _ in 0...random.next(below: 3) { damage(&model.graph) }
        return model
    }

    private mutating func damage(_ graph: inout Graph) {
        switch random.next(below: 12) {
        case 0: damageInput(&graph)
        case 1, 2: damageInitializer(&graph)
        case 3: graph.outputs.swapAt(0, random.next(below: graph.outputs.count))
        default: damageNode(&graph)
        }
    }

    private mutating func damageNode(_ graph: inout Graph) {
        guard !graph.nodes.isEmpty else { return }
        let place = random.next(below: graph.nodes.count)
        switch random.next(below: 9) {
        case 0: graph.nodes.remove(at: place)
        case 1: graph.nodes.swapAt(place, random.next(below: graph.nodes.count))
        case 2: graph.nodes[place].operatorType = operators[random.next(below: operators.count)]
        case 3: graph.nodes[place].inputs.append(names[random.next(below: names.count)])
        case 4: graph.nodes[place].inputs.shuffle(using: &random)
        case 5: graph.nodes[place].outputs.append("another")
        case 6: damageAttribute(&graph.nodes[place])
        default:
            guard !graph.nodes[place].inputs.isEmpty else { return }
            let index = random.next(below: graph.nodes[place].inputs.count)
            switch random.next(below: 3) {
            case 0: graph.nodes[place].inputs.remove(at: index)
            case 1: graph.nodes[place].inputs[index] = ""
            default: graph.nodes[place].inputs[index] = names[random.next(below: names.count)]
            }
        }
    }

    private mutating func damageAttribute(_ node: inout Node) {
        let number = Self.numbers[random.next(below: Self.numbers.count)]
        guard let key = node.attributes.keys.sorted().randomElement(using: &random) else {
            node.attributes["axis"] = .integer(number)
            return
        }
        switch random.next(below: 5) {
        case 0: node.attributes[key] = nil
        case 1: node.attributes[key] = .integers([number, number])
        case 2: node.attributes[key] = .string("other")
        case 3: node.attributes[key] = .integers([])
        default: node.attributes[key] = .integer(number)
        }
    }

    private mutating func damageInitializer(_ graph: inout Graph) {
        guard !graph.initializers.isEmpty else { return }
        let place = random.next(below: graph.initializers.count)
        let number = Self.numbers[random.next(below: Self.numbers.count)]
        let (numbers, shape): ([Int], Shape) =
            switch random.next(below: 4) {
            case 0: ([number], [])
            case 1: ([], [0])
            case 2: ([number, 1], [2])
            default: ([1, 2, number, 4, 5, 6], [2, 3])
            }
        let tensor =
            random.next(below: 3) > 0
            ? Tensor(numbers.map(Int64.init), shape) : Tensor(numbers.map(Float.init), shape)
        graph.initializers[place] = Initializer(graph.initializers[place].name, tensor)
    }

    private mutating func damageInput(_ graph: inout Graph) {
        let place = random.next(below: graph.inputs.count)
        switch random.next(below: 4) {
        case 0: graph.inputs.remove(at: place)
        case 1: graph.inputs[place].dimensions = nil
        case 2: graph.inputs[place].elementType = random.next(below: 2) == 0 ? .float32 : .int64
        default:
            let number = Self.numbers[random.next(below: Self.numbers.count)]
            let dimension: ValueInfo.Dimension = random.next(below: 2) == 0 ? .fixed(max(0, number)) : .named("x + 1")
            graph.inputs[place].dimensions = [dimension] + (graph.inputs[place].dimensions ?? []).dropFirst()
        }
        if graph.inputs.isEmpty { graph.inputs = [ValueInfo("nothing", .float32, [])] }
    }
}
