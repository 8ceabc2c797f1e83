import base from "./base.json";
import help from "./help.json";
import journal from "./journal.json";
import shell from "./shell.json";

export default { ...base, ...journal, ...help, ...shell };
