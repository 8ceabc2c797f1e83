import base from "./base.json";
import journal from "./journal.json";

export default { ...base, ...journal };
