import type { Instant } from '../../domain/base/instant.ts'

/** A file that is to be judged some time. */
export interface UnjudgedFile {
  /** two with the same key are the same */
  readonly key: string
  readonly uploaded: Instant | undefined
  judge(): Promise<unknown>
}

export interface Task {
  readonly file: UnjudgedFile
  /** its place in the list of whoever waits for it; `undefined`: nobody does */
  rank: number | undefined
  readonly done: PromiseWithResolvers<void>
}

/**
 * Files that are to be judged and are not yet, each once: first those that somebody waits for, of several lists the first of
 * each first, then the newest uploads. Of more than `most`, the last are let go.
 */
export class WaitingFiles {
  readonly #most: number
  /** waiting or under way */
  readonly #tasks = new Map<string, Task>()
  #line: Task[] = []

  constructor(most: number) {
    this.#most = most
  }

  /** waiting or under way */
  get size(): number {
    return this.#tasks.size
  }

  /** The tasks of these files, in their order; `hurried` by whoever waits for them. */
  add(files: readonly UnjudgedFile[], hurried: 'hurried' | 'some time'): readonly Task[] {
    const tasks = files.map((file, rank) => this.#taskOf(file, hurried === 'hurried' ? rank : undefined))
    this.#line.sort(byHurry)
    this.#letGo(this.#line.splice(this.#most))
    return tasks
  }

  /** The next one, where there is room for its kind; it counts until it is finished. */
  take(hasRoom: (kind: 'hurried' | 'some time') => boolean): Task | undefined {
    const [first] = this.#line
    if (first === undefined || !hasRoom(first.rank === undefined ? 'some time' : 'hurried')) return undefined
    return this.#line.shift()
  }

  finish({ file, done }: Task): void {
    this.#tasks.delete(file.key)
    done.resolve()
  }

  clear(): void {
    this.#letGo(this.#line.splice(0))
  }

  #taskOf(file: UnjudgedFile, rank: number | undefined): Task {
    const known = this.#tasks.get(file.key)
    const task = known ?? { file, rank: undefined, done: Promise.withResolvers<void>() }
    if (known === undefined) {
      this.#tasks.set(file.key, task)
      this.#line.push(task)
    }
    if (rank !== undefined) task.rank = Math.min(task.rank ?? rank, rank)
    return task
  }

  #letGo(tasks: readonly Task[]): void {
    for (const task of tasks) this.finish(task)
  }
}

/** behind everybody who waits */
const NOBODY = Number.MAX_SAFE_INTEGER

function byHurry(a: Task, b: Task): number {
  const [first, second] = [a.rank ?? NOBODY, b.rank ?? NOBODY]
  if (first !== second) return first - second
  return (b.file.uploaded ?? 0) - (a.file.uploaded ?? 0)
}
