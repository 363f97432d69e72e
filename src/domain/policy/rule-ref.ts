/** Where in which policy file the deciding rule stands. */
export interface RuleRef {
  /** `projects[3] sampleproject`, `defaults`, `exemption EX-7` */
  readonly id: string
  readonly file: string
  readonly line: number
}

/** A rule and its place, for people: the file by its name alone, because clients read it too and folders are not theirs to know. */
export function describeRule({ id, file, line }: RuleRef): string {
  return `${id} (${file.slice(file.lastIndexOf('/') + 1)}:${line})`
}
