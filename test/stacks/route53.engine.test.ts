import { walk } from "./walk.ts";

walk(240, {}, true);
