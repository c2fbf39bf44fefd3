/// What the system's sensors say of the processor.
enum ProcessorTemperature {
    /// Kinds of sensors that measure the whole processor, as Linux names them.
    private static let kinds: Set<String> = ["x86_pkg_temp", "cpu-thermal", "cpu_thermal", "coretemp", "k10temp"]
    private static let mostZones = 64

    /// Degrees Celsius of the hottest processor; nil where the system has no such sensor, as in most virtual machines.
    ///
    /// `root` stands before the paths of the system; empty but for tests.
    static func read(root: String = "") -> Double? {
        let files = ControlGroups(root: root)
        func text(_ path: String) -> String? {
            files.contents(path).map { String($0.prefix { !$0.isWhitespace }) }
        }
        var degrees: [Double] = []
        for (folder, kind, value) in [("thermal/thermal_zone", "type", "temp"), ("hwmon/hwmon", "name", "temp1_input")]
        {
            for zone in 0..<mostZones {
                let path = "/sys/class/\(folder)\(zone)"
                guard let name = text("\(path)/\(kind)") else { break }
                if kinds.contains(name), let number = files.number("\(path)/\(value)") {
                    degrees.append(Double(number) / 1000)
                }
            }
        }
        return degrees.max()
    }
}
