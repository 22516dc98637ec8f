import { walk } from "./walk.ts";

walk({}, true);
