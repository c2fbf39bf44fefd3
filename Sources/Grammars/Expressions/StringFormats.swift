/// The values of `format`, as patterns; each matches only texts that are of the format.
enum StringFormats {
    private static let day = "(0[1-9]|1[0-9]|2[0-8])"
    private static let year = "(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
    private static let date =
        "\(year)-((0[1-9]|1[0-2])-\(day)|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
    private static let hour = "([01][0-9]|2[0-3])"
    private static let time = "\(hour):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+-]\(hour):[0-5][0-9])"
    private static let byte = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
    private static let label = "[A-Za-z0-9]([A-Za-z0-9-]{0,20}[A-Za-z0-9])?"
    private static let atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}"

    // Labels and names are short enough that the whole stays below 253 characters.
    private static let name = "[A-Za-z0-9]([A-Za-z0-9-]{0,38}[A-Za-z0-9])?"
    private static let hostname = "\(name)(\\.\(name)){0,5}"
    private static let ipv4 = "(\(byte)\\.){3}\(byte)"
    private static let group = "[0-9A-Fa-f]{1,4}"

    /// Groups of four digits, of which one row of zeros may be left out.
    private static let ipv6: String = {
        let full = "(\(group):){7}\(group)"
        // So many groups before `::`, and as many behind it as leave out at least one.
        let short = (0...7).map { before in
            let left = before == 0 ? "" : "\(group)(:\(group)){\(before - 1)}"
            let most = 7 - before
            return "\(left)::" + (most == 0 ? "" : "(\(group)(:\(group)){0,\(most - 1)})?")
        }
        return "(\(([full] + short).joined(separator: "|")))"
    }()

    private static let escape = "%[0-9A-Fa-f]{2}"
    private static let segment = "([A-Za-z0-9._~!$&'()*+,;=:@-]|\(escape))"
    private static let query = "([A-Za-z0-9._~!$&'()*+,;=:@/?-]|\(escape))*"
    private static let uri =
        "[A-Za-z][A-Za-z0-9+.-]{0,20}:"
        + "(//\(hostname)(:[0-9]{1,4})?(/\(segment)*)*|\(segment){1,60}(/\(segment)*)*)(\\?\(query))?(#\(query))?"

    private static let count = "(0|[1-9][0-9]{0,5})"
    private static let duration: String = {
        let minutes = "\(count)M(\(count)S)?"
        let time = "T(\(count)H(\(minutes))?|\(minutes)|\(count)S)"
        let months = "\(count)M(\(count)D)?"
        let date = "(\(count)Y(\(months))?|\(months)|\(count)D)"
        return "P(\(date)(\(time))?|\(time)|\(count)W)"
    }()

    /// A format that is not here is an annotation: it is held to by nobody.
    static let patterns = [
        "date": "^\(date)$",
        "time": "^\(time)$",
        "date-time": "^\(date)T\(time)$",
        "duration": "^\(duration)$",
        "uuid": "^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$",
        "ipv4": "^\(ipv4)$",
        "ipv6": "^\(ipv6)$",
        "hostname": "^\(hostname)$",
        "email": "^\(atom)(\\.\(atom)){0,2}@(\(label)\\.){1,3}[A-Za-z]{2,20}$",
        "uri": "^\(uri)$",
    ]
}
