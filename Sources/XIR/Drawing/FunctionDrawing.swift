/// A function as an SVG picture: operations as boxes from top to bottom, values as lines between them.
///
/// An operation stands one row below the lowest of its operands; constants are written inside the box that reads them,
/// so that weights do not hide the flow of activations. Cost: linear in operations and uses.
package struct FunctionDrawing: Sendable {
    private struct Box {
        var title: String
        var lines: [String]
        var color: String
        var row: Int
        var sources: [Int]
        var x = 0.0
    }

    private let name: String
    private var boxes: [Box] = []
    private let boxWidth = 250.0
    private let lineHeight = 15.0
    private let gap = 28.0

    package init(_ function: Function) {
        name = function.name
        var producers: [ValueID: Int] = [:]
        var constantNames: [ValueID: String] = [:]
        for parameter in function.parameters {
            let value = function[parameter.value]
            producers[parameter.value] = boxes.count
            boxes.append(
                Box(
                    title: "\(parameter.kind.rawValue) \(value.name ?? "")",
                    lines: [value.type.description],
                    color: parameter.kind == .state ? "#f6d9a8" : "#cfe3f7",
                    row: 0,
                    sources: []
                )
            )
        }
        for operation in function.operations {
            if operation.name == "constant" {
                constantNames[operation.results[0]] = operation.string("name")
                continue
            }
            var sources: [Int] = []
            for operand in operation.operands {
                if let producer = producers[operand], !sources.contains(producer) { sources.append(producer) }
            }
            let weights = operation.operands.compactMap { operand in
                constantNames[operand].map { "\($0): \(function.type(operand))" }
            }
            let types = operation.results.map { function.type($0).description }.joined(separator: ", ")
            for result in operation.results { producers[result] = boxes.count }
            boxes.append(
                Box(
                    title: operation.name,
                    lines: weights + [types],
                    color: weights.isEmpty ? "#eeeeee" : "#d8efd3",
                    row: (sources.map { boxes[$0].row }.max() ?? 0) + 1,
                    sources: sources
                )
            )
        }
        for result in function.results {
            guard let producer = producers[result.value] else { continue }
            boxes.append(
                Box(
                    title: "result \(result.name)",
                    lines: [function.type(result.value).description],
                    color: "#cfe3f7",
                    row: boxes[producer].row + 1,
                    sources: [producer]
                )
            )
        }
    }

    /// The picture as a document of its own.
    package var svg: String {
        var boxes = boxes
        let rows = Dictionary(grouping: boxes.indices) { boxes[$0].row }
        let rowCount = (rows.keys.max() ?? 0) + 1
        let widest = rows.values.map(\.count).max() ?? 1
        let width = Double(widest) * (boxWidth + gap) + gap
        var tops: [Double] = []
        var y = gap
        for row in 0..<rowCount {
            tops.append(y)
            let height = (rows[row] ?? []).map { self.height(boxes[$0]) }.max() ?? 0
            y += height + gap
            let members = rows[row] ?? []
            let left = (width - Double(members.count) * (boxWidth + gap) + gap) / 2
            for (position, index) in members.enumerated() {
                boxes[index].x = left + Double(position) * (boxWidth + gap)
            }
        }
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(width))" height="\(Int(y))" \
            font-family="ui-monospace, monospace" font-size="11">
            <title>\(Self.escaped(name))</title>
            <rect width="100%" height="100%" fill="white"/>

            """
        for box in boxes {
            for source in box.sources {
                let from = boxes[source]
                let (x1, y1) = (from.x + boxWidth / 2, tops[from.row] + height(from))
                let (x2, y2) = (box.x + boxWidth / 2, tops[box.row])
                text += """
                    <path d="M\(x1) \(y1) C\(x1) \(y1 + gap) \(x2) \(y2 - gap) \(x2) \(y2)" fill="none" stroke="#888"/>

                    """
            }
        }
        for box in boxes {
            text += """
                <rect x="\(box.x)" y="\(tops[box.row])" width="\(boxWidth)" height="\(height(box))" rx="4" \
                fill="\(box.color)" stroke="#555"/>
                <text x="\(box.x + 8)" y="\(tops[box.row] + lineHeight)" font-weight="bold">\(Self.escaped(box.title))</text>

                """
            for (line, content) in box.lines.enumerated() {
                let baseline = tops[box.row] + lineHeight * Double(line + 2)
                text += "<text x=\"\(box.x + 8)\" y=\"\(baseline)\">\(Self.escaped(Self.shortened(content)))</text>\n"
            }
        }
        return text + "</svg>\n"
    }

    private func height(_ box: Box) -> Double { lineHeight * Double(box.lines.count + 1) + 8 }

    private static func shortened(_ text: String) -> String {
        text.count <= 38 ? text : "…" + text.suffix(37)
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
    }
}
