import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A change of what a disk holds, as the calls of a process made it. `begun` and `ended` are places in the order of everything that happened. */
export type Change = { readonly begun: number; readonly ended: number } & (
  | { readonly kind: 'write'; readonly file: number; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly file: number; readonly size: number }
  | { readonly kind: 'create'; readonly path: string; readonly file: number }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'remove'; readonly path: string }
  /** what was written to the file before is on the disk */
  | { readonly kind: 'sync'; readonly file: number }
  /** the names in the folder that were changed before are on the disk */
  | { readonly kind: 'sync-names'; readonly path: string }
  /** what the process said */
  | { readonly kind: 'said'; readonly line: string }
)

const TRACED =
  'openat,close,write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,ftruncate,fallocate,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,creat,open,dup,dup2,link,linkat'

/** Begins a command whose calls are written down; `log` is where. */
export function recorded(log: string, command: readonly string[]): readonly string[] {
  return ['strace', '-f', '-xx', '-s', '16777216', '-o', log, '-e', `trace=${TRACED}`, ...command]
}

/** Runs it to its end, however that comes. */
export async function runRecorded(log: string, command: readonly string[]): Promise<void> {
  const [file = '', ...words] = recorded(log, command)
  await once(spawn(file, words, { stdio: ['ignore', 'ignore', 'inherit'] }), 'exit')
}

interface Line {
  readonly call: string
  readonly begun: number
  readonly ended: number
}

/** Each call on one line, in the order in which they ended; one that never did is the last. */
function wholeLines(text: string): readonly Line[] {
  const open = new Map<string, { readonly start: string; readonly begun: number }>()
  const lines: Line[] = []
  for (const [place, line] of text.split('\n').entries()) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    const [, end] = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest) ?? []
    if (rest.endsWith('<unfinished ...>')) open.set(thread, { start: rest.slice(0, -16).trimEnd(), begun: place })
    else if (end !== undefined) {
      const { start = '', begun = place } = open.get(thread) ?? {}
      open.delete(thread)
      lines.push({ call: start + end, begun, ended: place })
    } else lines.push({ call: rest, begun: place, ended: place })
  }
  for (const { start, begun } of open.values())
    lines.push({ call: `${start}) = 0`, begun, ended: Number.POSITIVE_INFINITY })
  return lines.sort((a, b) => a.ended - b.ended)
}

const CALL = /^(\w+)\((.*)\) += (-?\d+)/

/** The changes below `folder`, in the order in which they ended, and what the process said. */
export function readChanges(log: string, folder: string): readonly Change[] {
  const reader = new Reader(folder)
  for (const line of wholeLines(readFileSync(log, 'latin1'))) reader.read(line)
  return reader.changes
}

class Reader {
  readonly changes: Change[] = []
  readonly #folder: string
  readonly #paths = new Map<number, string>()
  readonly #files = new Map<number, { readonly file: number; end: number }>()
  /** files that have a name */
  readonly #named = new Map<string, number>()
  #count = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  read({ call, begun, ended }: Line): void {
    const [, name = '', words = '', result = ''] = CALL.exec(call) ?? []
    if (name === '' || result.startsWith('-')) return
    const texts = [...words.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex = '']) =>
      Buffer.from(hex.replaceAll('\\x', ''), 'hex'),
    )
    const plain = words.replace(/"[^"]*"/g, '""')
    const when = { begun, ended }
    const fd = Number.parseInt(plain, 10)
    if (/^(?:pwrite64|pwritev2?|writev?)$/.test(name)) {
      this.#write(name, fd, { when, plain, texts, count: Number(result) })
      return
    }
    const paths = this.#pathsOf(plain, texts)
    if (name === 'openat') {
      this.#open(paths[0] ?? '', { when, plain, fd: Number(result) })
      return
    }
    if (name === 'close') {
      this.#paths.delete(fd)
      this.#files.delete(fd)
    } else if (name === 'fsync' || name === 'fdatasync') this.#sync(fd, when)
    else if (name === 'ftruncate') {
      const open = this.#files.get(fd)
      const size = Number(/, (\d+)$/.exec(plain)?.[1])
      if (open !== undefined) this.changes.push({ kind: 'truncate', file: open.file, size, ...when })
    } else this.#rename(name, paths, when)
  }

  /** Of a call with names in it: those that are relative begin at their descriptor. */
  #pathsOf(plain: string, texts: readonly Buffer[]): readonly string[] {
    const starts = [...plain.matchAll(/(?:(AT_FDCWD|\d+), )?""/g)].map(([, start]) => start)
    return texts.map((text, index) => {
      const path = text.toString()
      return path.startsWith('/') ? path : join(this.#paths.get(Number(starts[index])) ?? '/', path)
    })
  }

  #isOurs(path: string): boolean {
    return path === this.#folder || path.startsWith(`${this.#folder}/`)
  }

  #open(path: string, { when, plain, fd }: { when: When; plain: string; fd: number }): void {
    if (!this.#isOurs(path)) return
    this.#paths.set(fd, path)
    if (plain.includes('O_DIRECTORY')) return
    let file = this.#named.get(path)
    if (file === undefined) {
      if (!plain.includes('O_CREAT')) return
      this.#count += 1
      file = this.#count
      this.#named.set(path, file)
      this.changes.push({ kind: 'create', path, file, ...when })
    } else if (plain.includes('O_TRUNC')) this.changes.push({ kind: 'truncate', file, size: 0, ...when })
    this.#files.set(fd, { file, end: 0 })
  }

  #write(
    name: string,
    fd: number,
    { when, plain, texts, count }: { when: When; plain: string; texts: readonly Buffer[]; count: number },
  ): void {
    const bytes = Buffer.concat(texts).subarray(0, count)
    if (fd === 1 && this.#files.get(1) === undefined)
      for (const line of bytes.toString().split('\n'))
        if (line !== '') this.changes.push({ kind: 'said', line, ...when })
    const open = this.#files.get(fd)
    if (open === undefined) return
    const at = name.startsWith('p')
      ? Number((name === 'pwritev2' ? /, (\d+), \w+$/ : /, (\d+)$/).exec(plain)?.[1])
      : open.end
    open.end = at + bytes.length
    this.changes.push({ kind: 'write', file: open.file, at, bytes, ...when })
  }

  #sync(fd: number, when: When): void {
    const open = this.#files.get(fd)
    const path = this.#paths.get(fd)
    if (open !== undefined) this.changes.push({ kind: 'sync', file: open.file, ...when })
    else if (path !== undefined) this.changes.push({ kind: 'sync-names', path, ...when })
  }

  #rename(name: string, [from = '', to = '']: readonly string[], when: When): void {
    if (!this.#isOurs(from)) return
    if (name.startsWith('mkdir')) this.changes.push({ kind: 'folder', path: from, ...when })
    else if (name.startsWith('rename')) {
      const file = this.#named.get(from)
      this.#named.delete(from)
      if (file !== undefined) this.#named.set(to, file)
      this.changes.push({ kind: 'rename', from, to, ...when })
    } else if (/^unlink|^rmdir/.test(name)) {
      this.#named.delete(from)
      this.changes.push({ kind: 'remove', path: from, ...when })
    } else throw new Error(`a call that nobody knows: ${name}`)
  }
}

interface When {
  readonly begun: number
  readonly ended: number
}

/** The folder whose names a change changes. */
export function foldersOf(change: Change): readonly string[] {
  if (change.kind === 'rename') return [dirname(change.from), dirname(change.to)]
  return change.kind === 'create' || change.kind === 'folder' || change.kind === 'remove' ? [dirname(change.path)] : []
}
