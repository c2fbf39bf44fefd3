/// How much work following an answer may take now, in units of about one node of the tree of tokens.
///
/// Work is done in pieces, each of which is finished or has no effect. So whoever has little time does some pieces and
/// leaves the rest to others. A piece that takes more than `mostForOnePiece` is finished by nobody; what a piece takes
/// depends on the grammar and the answer alone, so an answer fails on every machine or on none.
package struct WorkMeter: Sendable {
    /// Some tens of milliseconds.
    package static let mostForOnePiece = 20_000_000

    /// Units that are left; below zero after a piece that took more.
    package private(set) var left: Int
    private let pieceLimit: Int
    private var pieceWork = 0

    /// Pieces that are begun may take `pieceLimit` units, whatever is left.
    package init(left: Int, pieceLimit: Int) {
        self.left = left
        self.pieceLimit = min(pieceLimit, Self.mostForOnePiece)
    }

    static var unlimited: WorkMeter { WorkMeter(left: .max, pieceLimit: .max) }

    /// Whether the next piece should wait.
    var isSpent: Bool { left <= 0 }

    /// Units that the piece may still take.
    var pieceLeft: Int { pieceLimit - pieceWork }

    /// Whether the piece that was broken off would be broken off by everybody.
    package var isHopeless: Bool { pieceWork > Self.mostForOnePiece }

    mutating func beginPiece() { pieceWork = 0 }

    /// Takes units off; false when the piece must be broken off.
    mutating func spend(_ units: Int) -> Bool {
        left -= units
        pieceWork += units
        if pieceWork > pieceLimit {
            left = 0
            return false
        }
        return true
    }
}
