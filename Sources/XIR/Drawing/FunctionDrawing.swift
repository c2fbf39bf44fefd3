/// A function as an SVG picture: operations as boxes from top to bottom, values as lines between them.
///
/// An operation stands below the lowest of its operands; constants and states are written inside the box that reads them,
/// so that weights do not hide the flow of activations, and of equal layers only the first is drawn, in a frame.
package struct FunctionDrawing: Sendable {
    private struct Box {
        var title: String
        var lines: [String]
        var color: String
        var row: Int
        var sources: [Int]
        var x = 0.0
    }

    /// Drawn around the boxes of the first of several equal layers.
    private struct Frame {
        var title: String
        var boxes: [Int] = []
    }

    private static let blue = "#cfe3f7"

    private let name: String
    private var frame: Frame?
    private var boxes: [Box] = []
    private let boxWidth = 250.0
    private let lineHeight = 15.0
    private let gap = 28.0

    package init(_ function: Function) {
        name = function.name
        var folded: [ValueID: String] = [:]
        var producers: [ValueID: Int] = [:]
        for parameter in function.parameters {
            let name = function[parameter.value].name ?? ""
            guard parameter.kind == .input else {
                folded[parameter.value] = name
                continue
            }
            producers[parameter.value] = boxes.count
            let type = function.type(parameter.value).description
            boxes.append(Box(title: "input \(name)", lines: [type], color: Self.blue, row: 0, sources: []))
        }
        for constant in function.operations where constant.name == "constant" {
            folded[constant.results[0]] = constant.string("name")
        }
        let operations = function.operations.filter { $0.name != "constant" }
        let layers = RepeatedLayers(operations, of: function)
        if let layers { frame = Frame(title: "\(layers.count) equal layers, one behind the other") }
        // Rows before the layers, of them and behind them do not mix, so that a frame can be around one of them.
        var leastRow = 0
        for (index, operation) in operations.enumerated() {
            if let layers, layers.others.contains(index) {
                // What it gives stands for what the first layer gives.
                let first = operations[layers.counterpart(of: index)]
                for (result, there) in zip(operation.results, first.results) { producers[result] = producers[there] }
                continue
            }
            if let layers, index == layers.first.lowerBound || index == layers.others.upperBound {
                leastRow = (boxes.map(\.row).max() ?? 0) + 1
            }
            var sources: [Int] = []
            for operand in operation.operands {
                if let producer = producers[operand], !sources.contains(producer) { sources.append(producer) }
            }
            let read = operation.operands.compactMap { operand in
                folded[operand].map { "\($0): \(function.type(operand))" }
            }
            let types = operation.results.map { function.type($0).description }.joined(separator: ", ")
            for result in operation.results { producers[result] = boxes.count }
            if layers?.first.contains(index) == true { frame?.boxes.append(boxes.count) }
            boxes.append(
                Box(
                    title: operation.name,
                    lines: read + [types],
                    color: read.isEmpty ? "#eeeeee" : "#d8efd3",
                    row: max(leastRow, (sources.map { boxes[$0].row }.max() ?? -1) + 1),
                    sources: sources
                )
            )
        }
        appendResults(function, producers)
    }

    /// Adds a box for what the function gives, several of one operation in one.
    private mutating func appendResults(_ function: Function, _ producers: [ValueID: Int]) {
        var results: [(producer: Int, name: String, type: String, count: Int)] = []
        for result in function.results {
            guard let producer = producers[result.value] else { continue }
            if let index = results.firstIndex(where: { $0.producer == producer }) {
                results[index].count += 1
            } else {
                results.append((producer, result.name, function.type(result.value).description, 1))
            }
        }
        let last = boxes.map(\.row).max() ?? 0
        for result in results {
            let more = result.count == 1 ? "" : " and \(result.count - 1) more"
            boxes.append(
                Box(
                    title: "result \(result.name)\(more)",
                    lines: [result.type],
                    color: Self.blue,
                    row: last + 1,
                    sources: [result.producer]
                )
            )
        }
    }

    /// The picture as a document of its own, which viewers may scale.
    package var svg: String {
        var boxes = boxes
        let rows = Dictionary(grouping: boxes.indices) { boxes[$0].row }
        let rowCount = (rows.keys.max() ?? 0) + 1
        let widest = rows.values.map(\.count).max() ?? 1
        let width = Double(widest) * (boxWidth + gap) + 3 * gap
        var tops: [Double] = []
        var y = gap
        for row in 0..<rowCount {
            // Room for the words above the frame.
            if let first = frame?.boxes.first, boxes[first].row == row { y += lineHeight }
            tops.append(y)
            let members = rows[row] ?? []
            y += (members.map { self.height(boxes[$0]) }.max() ?? 0) + gap
            let left = (width - Double(members.count) * (boxWidth + gap) + gap) / 2
            for (position, index) in members.enumerated() {
                boxes[index].x = left + Double(position) * (boxWidth + gap)
            }
        }
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(width)) \(Int(y))" width="\(Int(width))" \
            height="\(Int(y))" font-family="ui-monospace, monospace" font-size="11">
            <title>\(Self.escaped(name))</title>
            <defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">\
            <path d="M0 0 L8 4 L0 8 z" fill="#555"/></marker></defs>
            <rect width="100%" height="100%" fill="white"/>

            """
        if let frame, let first = frame.boxes.first {
            let top = tops[boxes[first].row] - gap / 2
            let bottom = frame.boxes.map { tops[boxes[$0].row] + height(boxes[$0]) }.max() ?? top
            text += """
                <rect x="\(gap / 2)" y="\(top)" width="\(width - gap)" height="\(bottom - top + gap / 2)" rx="8" \
                fill="#fafafa" stroke="#999" stroke-dasharray="6 4"/>
                <text x="\(gap)" y="\(top - 4)" fill="#555">\(Self.escaped(frame.title))</text>

                """
        }
        for box in boxes {
            for source in box.sources {
                let from = boxes[source]
                let (x1, y1) = (from.x + boxWidth / 2, tops[from.row] + height(from))
                let (x2, y2) = (box.x + boxWidth / 2, tops[box.row])
                text += """
                    <path d="M\(x1) \(y1) C\(x1) \(y1 + gap) \(x2) \(y2 - gap) \(x2) \(y2)" fill="none" stroke="#888" \
                    marker-end="url(#arrow)"/>

                    """
            }
        }
        for box in boxes {
            text += """
                <rect x="\(box.x)" y="\(tops[box.row])" width="\(boxWidth)" height="\(height(box))" rx="4" \
                fill="\(box.color)" stroke="#555"/>
                <text x="\(box.x + 8)" y="\(tops[box.row] + lineHeight)" font-weight="bold">\(Self.escaped(Self.shortened(box.title)))</text>

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
