/// The environment of `kongur serve`: which of its variables are settings, and which are somebody else's.
struct SettingsEnvironment {
    /// What the providers of settings get.
    let variables: [String: String]
    /// What whoever starts the server should know, and what is likely wrong.
    let notes: [String]
    let warnings: [String]

    /// Variables that are no settings, and are read elsewhere.
    private static let others: Set<String> = [
        "KONGUR_CACHE", "KONGUR_CONFIG", "KONGUR_CPU_LEVEL", "KONGUR_DEVICES", "KONGUR_KUNLUN_OPS",
        "KONGUR_KUNLUN_READINGS", "KONGUR_MODELS", "KONGUR_XPUML", "KONGUR_XPURT", "KONGUR_XPU_TIMEOUT",
    ]

    /// `settings` are the names of all settings.
    init(_ environment: [String: String], settings: some Sequence<String>) {
        let services = Self.services(environment)
        let known = Set(settings.map(Self.variable)).union(Self.others)
        var (variables, notes, warnings) = (environment, [String](), [String]())
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix("KONGUR_") {
            if services.contains(where: { Self.isOf($0, name, value) }) {
                variables[name] = nil
                if known.contains(name) {
                    notes.append(
                        "note: \(name)=\(LogFormat.plain(value)) is Kubernetes' word for a service, and not taken as --\(Self.option(name))"
                    )
                }
            } else if !known.contains(name), !name.hasPrefix("KONGUR_STANDIN") {
                let nearest = NearestName(to: name, of: Array(known))
                let remedy = nearest.isNear ? "did you mean \(nearest.name)?" : "`kongur serve --help` lists all"
                warnings.append("\(name) is in the environment and no setting, so it changes nothing; \(remedy)")
            }
        }
        (self.variables, self.notes, self.warnings) = (variables, notes, warnings)
    }

    private static func variable(_ setting: String) -> String {
        "KONGUR_" + setting.uppercased().replacing("-", with: "_")
    }

    private static func option(_ variable: String) -> String {
        variable.dropFirst("KONGUR_".count).lowercased().replacing("_", with: "-")
    }

    /// What the names of each service's variables begin with.
    ///
    /// Kubernetes tells every container of all services: of one named kongur by `KONGUR_SERVICE_HOST` and
    /// `KONGUR_PORT=tcp://10.0.0.1:80`, and of one named kongur-epp by `KONGUR_EPP_SERVICE_HOST`.
    private static func services(_ environment: [String: String]) -> Set<String> {
        let suffix = "_SERVICE_HOST"
        var services = Set(environment.keys.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) })
        if environment["KONGUR_PORT"].map(isAddress) == true { services.insert("KONGUR") }
        return services
    }

    private static func isOf(_ service: String, _ name: String, _ value: String) -> Bool {
        guard name.hasPrefix(service + "_") else { return false }
        let rest = name.dropFirst(service.count + 1)
        return (rest == "PORT" && isAddress(value)) || rest.hasPrefix("SERVICE_HOST") || rest.hasPrefix("SERVICE_PORT")
            || rest.hasPrefix("PORT_")
    }

    private static func isAddress(_ value: String) -> Bool {
        ["tcp://", "udp://", "sctp://"].contains { value.hasPrefix($0) }
    }
}
