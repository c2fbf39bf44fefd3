/// The name that somebody who has written another one is likeliest to mean.
struct NearestName {
    let name: String
    /// Whether most of it is as it was written.
    let isNear: Bool

    /// `names` has one at least.
    init(to written: String, of names: [String]) {
        let nearest = names.sorted().map { (name: $0, distance: Self.distance(written, $0)) }.min {
            $0.distance < $1.distance
        }
        name = nearest?.name ?? ""
        isNear = nearest.map { $0.distance <= max(2, $0.name.count / 3) } ?? false
    }

    /// How many characters must be put in, left out or changed for one text to become the other (Levenshtein, 1965).
    private static func distance(_ one: String, _ other: String) -> Int {
        let other = Array(other)
        var row = Array(0...other.count)
        for (index, character) in one.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for place in other.indices {
                let changed = diagonal + (character == other[place] ? 0 : 1)
                diagonal = row[place + 1]
                row[place + 1] = min(changed, diagonal + 1, row[place] + 1)
            }
        }
        return row[other.count]
    }
}
