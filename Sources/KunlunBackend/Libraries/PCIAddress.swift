/// A device's place on the PCI bus, which the runtime and libxpuml both tell.
package struct PCIAddress: Sendable, Hashable, CustomStringConvertible {
    package var domain: UInt32
    package var bus: UInt32
    package var device: UInt32
    package var function: UInt32

    package init(domain: UInt32, bus: UInt32, device: UInt32, function: UInt32) {
        self.domain = domain
        self.bus = bus
        self.device = device
        self.function = function
    }

    /// From the runtime's attribute: function in bits 0 to 2, device in 3 to 7, bus in 8 to 15, and the domain above.
    package init(attribute: UInt64) {
        domain = UInt32(truncatingIfNeeded: attribute >> 16)
        bus = UInt32(attribute >> 8 & 0xFF)
        device = UInt32(attribute >> 3 & 0x1F)
        function = UInt32(attribute & 0x7)
    }

    /// As `lspci` writes it: `0000:03:00.0`.
    package var description: String {
        func hex(_ number: UInt32, _ digits: Int) -> String {
            let text = String(number, radix: 16)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        return "\(hex(domain, 4)):\(hex(bus, 2)):\(hex(device, 2)).\(function)"
    }
}
