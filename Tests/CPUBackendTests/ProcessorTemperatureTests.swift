import KongurTesting
import Testing

@testable import CPUBackend

/// Sensors as Linux shows them, from files of a folder.
@Suite struct ProcessorTemperatureTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func write(_ path: String, _ text: String) throws {
        try folder.write(Array(text.utf8), to: "sys/class/" + path)
    }

    @Test func aMachineWithoutSensorsHasNoTemperature() throws {
        #expect(ProcessorTemperature.read(root: folder.path) == nil)
        try write("thermal/thermal_zone0/type", "acpitz\n")
        try write("thermal/thermal_zone0/temp", "27800\n")
        #expect(ProcessorTemperature.read(root: folder.path) == nil)
    }

    @Test func theHottestProcessorCounts() throws {
        try write("thermal/thermal_zone0/type", "acpitz\n")
        try write("thermal/thermal_zone0/temp", "99000\n")
        try write("thermal/thermal_zone1/type", "x86_pkg_temp\n")
        try write("thermal/thermal_zone1/temp", "51500\n")
        #expect(ProcessorTemperature.read(root: folder.path) == 51.5)
        try write("hwmon/hwmon0/name", "k10temp\n")
        try write("hwmon/hwmon0/temp1_input", "62250\n")
        #expect(ProcessorTemperature.read(root: folder.path) == 62.25)
    }

    @Test func rubbishIsNoTemperature() throws {
        try write("thermal/thermal_zone0/type", "x86_pkg_temp\n")
        try write("thermal/thermal_zone0/temp", "hot\n")
        #expect(ProcessorTemperature.read(root: folder.path) == nil)
    }
}
