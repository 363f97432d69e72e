import { dirname, isAbsolute, join, resolve } from 'node:path'
import { type PinnedRelease, readPins, type WrongPin } from './pins.ts'

/** Reads the text of a pins file by its absolute path, or says what is wrong with the file. */
export type ReadPinsFile = (path: string) => string | { readonly wrong: string }

/** For texts that stand alone: nothing lies beside them. */
export const noPinsFiles: ReadPinsFile = () => ({ wrong: 'cannot be read here: no file lies beside the policy' })

/** A pins file that a policy names. */
export interface PinsFile {
  /** absolute */
  readonly path: string
  /** as diagnostics name it: beside the policy file, as that was named */
  readonly name: string
  readonly text: string
  readonly releases: readonly PinnedRelease[]
}

interface Known {
  readonly file: PinsFile
  readonly wrong: readonly WrongPin[]
}

/** The pins files that a policy names: each is read once, whoever names it. */
export class NamedPins {
  readonly #read: ReadPinsFile
  readonly #known = new Map<string, Known | { readonly unreadable: string }>()

  constructor(read: ReadPinsFile) {
    this.#read = read
  }

  /** The file that the policy file `beside` names, with what is wrong in it. */
  get(beside: string, named: string): Known | { readonly unreadable: string } {
    const path = resolve(dirname(beside), named)
    const known = this.#known.get(path) ?? this.#open(path, isAbsolute(named) ? named : join(dirname(beside), named))
    this.#known.set(path, known)
    return known
  }

  #open(path: string, name: string): Known | { readonly unreadable: string } {
    const text = this.#read(path)
    if (typeof text !== 'string') return { unreadable: text.wrong }
    const { releases, wrong } = readPins(text)
    return { file: { path, name, text, releases }, wrong }
  }

  /** Those that could be read, in the order in which they were named first. */
  get files(): readonly PinsFile[] {
    return [...this.#known.values()].flatMap(known => ('file' in known ? [known.file] : []))
  }
}
