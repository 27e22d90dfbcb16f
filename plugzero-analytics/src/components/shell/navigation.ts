import {
  BarChart3, Bell, Boxes, Calculator, ClipboardList, Database, FileText, FlaskConical, FolderKanban, Gauge, Globe,
  History, Home, KeyRound, Lightbulb, ListChecks, ListTodo, type LucideIcon, MessagesSquare, Radar, Search, Settings,
  ShieldCheck, Sparkles, Table2, Target, TrendingUp, Upload, Users,
} from "lucide-react";

const ICONS: Readonly<Record<string, LucideIcon>> = {
  activity: History, "bar-chart": BarChart3, "bar-chart-3": BarChart3, bell: Bell, calculator: Calculator, chart: BarChart3,
  clipboard: ClipboardList, "clipboard-list": ClipboardList, compass: Radar, database: Database, file: FileText,
  "file-text": FileText, flask: FlaskConical, folder: FolderKanban, "folder-kanban": FolderKanban, folders: FolderKanban,
  gauge: Gauge, globe: Globe, history: History, home: Home, key: KeyRound, lightbulb: Lightbulb, list: ListChecks,
  "list-checks": ListChecks, "list-todo": ListTodo, message: MessagesSquare, "message-square": MessagesSquare, radar: Radar,
  search: Search, "search-check": Radar, settings: Settings, shield: ShieldCheck, sparkles: Sparkles, table: Table2, target: Target,
  tasks: ListTodo, "trending-up": TrendingUp, trend: TrendingUp, upload: Upload, users: Users, sigma: Calculator,
};

/** The icon a manifest names; a neutral one for a name that this build does not have. */
export function navigationIcon(name: string): LucideIcon {
  return ICONS[name] ?? Boxes;
}

/** The first path segments that have pages in this build. */
const BUILT_PATHS = ["/home", "/projects", "/data", "/analysis", "/seo", "/tasks", "/team", "/account"];

export function hasPage(path: string): boolean {
  return BUILT_PATHS.some((built) => path === built || path.startsWith(`${built}/`) || path.startsWith(`${built}?`));
}

/** The deepest navigation path that the present one lies under. */
export function activePath(pathname: string, paths: readonly string[]): string | undefined {
  return paths
    .filter((path) => pathname === path || pathname.startsWith(`${path}/`))
    .sort((a, b) => b.length - a.length)[0];
}

/** Keeps the chosen project while moving between zones. */
export function withProject(path: string, project: string | null): string {
  if (!project || !/^\/(?:data|analysis|seo|home)(?:\/|$)/.test(path)) return path;
  return `${path}?project=${encodeURIComponent(project)}`;
}
