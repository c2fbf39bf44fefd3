/// The tokens of a vocabulary by their bytes, as a tree in which common beginnings are shared.
///
/// Nodes lie in the order in which a walk visits them, so that a walk is a loop, and leaving out what is below a node is
/// one jump. About nine bytes for each node, of which Qwen's vocabulary has 340,000.
struct TokenTrie: Sendable {
    /// Longer tokens are left out.
    static let longestToken = 512

    /// Node 0 is the root; its byte means nothing.
    private var bytes: [UInt8] = [0]
    private var depths: [UInt16] = [0]
    /// The first node that is not below a node.
    private var ends: [Int32] = [0]
    /// Where each node's own tokens begin in `tokens`; one more entry at the end.
    private var firstTokens: [Int32] = [0]
    private var tokens: [Int32] = []

    /// A token without bytes, or nil, is in no text and left out.
    init(count: Int, bytes tokenBytes: (Int) -> [UInt8]?) {
        var text: [UInt8] = []
        var entries: [(start: Int, count: Int, id: Int32)] = []
        for id in 0..<count {
            guard let token = tokenBytes(id), !token.isEmpty, token.count <= Self.longestToken else { continue }
            entries.append((text.count, token.count, Int32(id)))
            text += token
        }
        text.withUnsafeBufferPointer { text in
            entries.sort { left, right in
                for offset in 0..<min(left.count, right.count) {
                    let (a, b) = (text[left.start + offset], text[right.start + offset])
                    if a != b { return a < b }
                }
                return left.count != right.count ? left.count < right.count : left.id < right.id
            }
            // The nodes from the root to the last token.
            var path = [0]
            var last: (start: Int, count: Int) = (0, 0)
            for entry in entries {
                var common = 0
                while common < min(last.count, entry.count), text[last.start + common] == text[entry.start + common] {
                    common += 1
                }
                while path.count > common + 1 { ends[path.removeLast()] = Int32(bytes.count) }
                for offset in common..<entry.count {
                    path.append(bytes.count)
                    bytes.append(text[entry.start + offset])
                    depths.append(UInt16(offset + 1))
                    ends.append(0)
                    firstTokens.append(Int32(tokens.count))
                }
                tokens.append(entry.id)
                last = (entry.start, entry.count)
            }
            while let node = path.popLast() { ends[node] = Int32(bytes.count) }
        }
        firstTokens.append(Int32(tokens.count))
    }

    /// About how much memory this takes, in bytes.
    var size: Int { bytes.count * 11 + tokens.count * 4 }

    /// Whether there is anything below a node.
    func hasChildren(_ node: Int) -> Bool { Int(ends[node]) > node + 1 }

    /// The tokens that end at a node.
    func tokens(at node: Int) -> ArraySlice<Int32> {
        tokens[Int(firstTokens[node])..<Int(firstTokens[node + 1])]
    }

    /// Visits the nodes below `node` to which an automaton comes from a state.
    ///
    /// `visit` gets the node, the automaton's state, and how many edges have counted on the way; where it returns false,
    /// nothing below is visited. Returns how many nodes were looked at; the walk ends early when that is more than `limit`.
    @discardableResult
    @inline(__always)
    func walk(
        from node: Int,
        _ automaton: Automaton,
        _ state: Int,
        limit: Int,
        _ visit: (_ node: Int, _ state: Int, _ count: Int) -> Bool
    ) -> Int {
        var visited = 0
        withUnsafeTemporaryAllocation(of: SIMD2<Int32>.self, capacity: Self.longestToken + 1) { path in
            bytes.withUnsafeBufferPointer { bytes in
                depths.withUnsafeBufferPointer { depths in
                    ends.withUnsafeBufferPointer { ends in
                        path[Int(depths[node])] = SIMD2(Int32(state), 0)
                        var next = node + 1
                        let end = Int(ends[node])
                        while next < end, visited <= limit {
                            visited += 1
                            let depth = Int(depths[next])
                            let before = path[depth - 1]
                            let edge = automaton.edge(Int(before[0]), bytes[next])
                            if edge == Automaton.dead {
                                next = Int(ends[next])
                                continue
                            }
                            let now = SIMD2(edge >> 1, before[1] + (edge & 1))
                            path[depth] = now
                            next = visit(next, Int(now[0]), Int(now[1])) ? next + 1 : Int(ends[next])
                        }
                    }
                }
            }
        }
        return visited
    }
}
