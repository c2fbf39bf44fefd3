import Foundation

/// Numbers of bytes for people, in units of 1024 under their own names: 512 B, 1.5 KiB, 64 MiB, 3.02 GiB.
package enum ByteText {
    private static let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]

    /// Three digits, none of them a zero behind the point.
    package static func of(_ count: Int) -> String {
        var (value, unit) = (Double(max(0, count)), 0)
        while value >= 999.5, unit + 1 < units.count { (value, unit) = (value / 1024, unit + 1) }
        let digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
        var text = String(format: "%.\(digits)f", value)
        while text.contains("."), text.last == "0" || text.last == "." { text.removeLast() }
        return "\(text) \(units[unit])"
    }
}
