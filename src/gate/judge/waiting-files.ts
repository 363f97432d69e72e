import type { Instant } from '../../domain/base/instant.ts'
import { type Path, Turns } from '../../flow/turns.ts'

/** A file that is to be judged some time. */
export interface UnjudgedFile {
  /** two with the same key are the same */
  readonly key: string
  readonly uploaded: Instant | undefined
  judge(): Promise<unknown>
}

export interface Task {
  readonly file: UnjudgedFile
  readonly done: PromiseWithResolvers<void>
  /** whose lists have it, as long as they are waited for */
  readonly lists: Set<Path>
}

/** Files that somebody waits for. */
export interface Hurried {
  /** in the order of the files */
  readonly tasks: readonly Task[]
  /** Nobody waits any more: what is left is judged some time. */
  end(): void
}

/**
 * Files that are to be judged and are not yet, each once: first those that somebody waits for, a file of everybody in turn, and
 * of several lists of one client of each of them; then the newest uploads. Of more than `most`, the last are let go.
 */
export class WaitingFiles {
  readonly #most: number
  /** waiting or under way */
  readonly #tasks = new Map<string, Task>()
  /** waiting, and waited for */
  readonly #hurried = new Turns<Task>()
  /** waiting; the newest upload comes first */
  #rest: Task[] = []
  #lists = 0

  constructor(most: number) {
    this.#most = most
  }

  /** waiting or under way */
  get size(): number {
    return this.#tasks.size
  }

  add(files: readonly UnjudgedFile[]): void {
    this.#putBehind(files.flatMap(file => (this.#tasks.has(file.key) ? [] : this.#begin(file))))
  }

  hurry(files: readonly UnjudgedFile[], name: string): Hurried {
    this.#lists += 1
    const list: Path = [name, String(this.#lists)]
    const rest = new Set(this.#rest)
    const tasks = files.map(file => {
      const before = this.#tasks.get(file.key)
      const task = before ?? this.#begin(file)
      const isWaiting = before === undefined || before.lists.size > 0 || rest.delete(task)
      if (isWaiting) {
        task.lists.add(list)
        this.#hurried.add(task, list)
      }
      return task
    })
    if (rest.size < this.#rest.length) this.#rest = [...rest]
    this.#keepWithin()
    return { tasks, end: () => this.#putBehind(tasks.filter(task => this.#calm(task, list))) }
  }

  /** The next one, where there is room for its kind; it counts until it is finished. */
  take(hasRoom: (kind: 'hurried' | 'some time') => boolean): Task | undefined {
    if (this.#hurried.size === 0) return hasRoom('some time') ? this.#rest.shift() : undefined
    const task = hasRoom('hurried') ? this.#hurried.next()?.item : undefined
    if (task !== undefined) this.#leaveLists(task)
    return task
  }

  finish({ file, done }: Task): void {
    this.#tasks.delete(file.key)
    done.resolve()
  }

  clear(): void {
    for (let task = this.#last(); task !== undefined; task = this.#last()) this.finish(task)
  }

  #begin(file: UnjudgedFile): Task {
    const task = { file, done: Promise.withResolvers<void>(), lists: new Set<Path>() }
    this.#tasks.set(file.key, task)
    return task
  }

  /** True of a task that nobody waits for any more now. */
  #calm(task: Task, list: Path): boolean {
    if (!task.lists.delete(list)) return false
    this.#hurried.remove(task, list)
    return task.lists.size === 0
  }

  #leaveLists(task: Task): void {
    for (const list of task.lists) this.#hurried.remove(task, list)
    task.lists.clear()
  }

  #putBehind(tasks: readonly Task[]): void {
    if (tasks.length === 0) return
    this.#rest.push(...tasks)
    this.#rest.sort((a, b) => (b.file.uploaded ?? 0) - (a.file.uploaded ?? 0))
    this.#keepWithin()
  }

  #keepWithin(): void {
    while (this.#rest.length + this.#hurried.size > this.#most) {
      const last = this.#last()
      if (last === undefined) return
      this.finish(last)
    }
  }

  /** Takes away the last of those that nobody waits for, or of whoever waits for the most. */
  #last(): Task | undefined {
    const last = this.#rest.pop() ?? this.#hurried.longest()?.last
    if (last !== undefined) this.#leaveLists(last)
    return last
  }
}
