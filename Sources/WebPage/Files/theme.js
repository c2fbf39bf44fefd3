// Before anything is painted: the chosen theme, so that a dark room never sees a white flash. Nothing chosen follows the system.
try {
    const { theme } = JSON.parse(localStorage.getItem("kongur.settings") ?? "{}");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
    // Settings that cannot be read are as if never made.
}
