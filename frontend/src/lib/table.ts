/** One column of a table. */
export interface Column {
  key: string;
  label: string;
  /** What the figures in it are and where they come from. */
  title?: string;
  /** Figures stand at the right. */
  right?: boolean;
  sort?: boolean;
  /** The order a first click chooses: the greatest first, unless it says otherwise. */
  first?: 'asc' | 'desc';
  /** CSS width. */
  width?: string;
  /** Left out on a phone (`s`), or on a narrow page too (`m`): give its cells `hide-s` or `hide-m`. */
  hide?: 's' | 'm';
  /** The label is only for those who listen. */
  quiet?: boolean;
}

/** By which column, and in which order. */
export interface Sort {
  by: string;
  order: 'asc' | 'desc';
}
