/** JSON whose shape the API's description leaves open: parameters of procedures, filter trees, chart specs. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };
