import BigInt
import Synchronization

/// Constants as fixed-point numbers of so many bits, each computed once.
enum RealConstants {
    private static let known = Mutex<[Key: BigInt]>([:])

    private struct Key: Hashable {
        let isPi: Bool
        let bits: Int
    }

    /// By Machin's formula: 16 atan(1/5) - 4 atan(1/239).
    static func pi(_ bits: Int) -> BigInt {
        value(Key(isPi: true, bits: bits)) {
            16 * arctangentOfInverse(5, bits) - 4 * arctangentOfInverse(239, bits)
        }
    }

    static func logarithmOfTwo(_ bits: Int) -> BigInt {
        value(Key(isPi: false, bits: bits)) { twiceArtanh((BigInt(1) << bits) / 3, bits) }
    }

    /// Few different numbers of bits are asked for, so that few constants are kept.
    static func roundedUp(_ bits: Int) -> Int { (bits + 255) / 256 * 256 }

    /// `2 artanh(x)`, which is `ln((1 + x) / (1 - x))`.
    static func twiceArtanh(_ x: BigInt, _ bits: Int) -> BigInt {
        let square = (x * x) >> bits
        var power = x
        var sum = x
        var k = 1
        while !power.isZero, power != -1 {
            power = (power * square) >> bits
            k += 2
            sum += power / BigInt(k)
        }
        return 2 * sum
    }

    private static func value(_ key: Key, _ compute: () -> BigInt) -> BigInt {
        if let value = known.withLock({ $0[key] }) { return value }
        let value = compute()
        known.withLock { $0[key] = value }
        return value
    }

    private static func arctangentOfInverse(_ n: Int, _ bits: Int) -> BigInt {
        var power = (BigInt(1) << bits) / BigInt(n)
        var sum = power
        var k = 1
        while !power.isZero {
            power /= BigInt(-n * n)
            k += 2
            sum += power / BigInt(k)
        }
        return sum
    }
}
