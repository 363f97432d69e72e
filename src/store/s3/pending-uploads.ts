import { mkdir, open, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Sha256 } from '../../domain/base/digest.ts'
import type { Events } from '../../observe/events.ts'
import { storeError } from '../failure/store-error.ts'

/** How long a name waits for others that are brought to the disk with it, ms. */
const GATHERS = 20

/**
 * What was stored here and is not in the bucket yet, by name, in a folder of its own: a process that is killed leaves it to the next.
 *
 * A name is there before its bytes are stored, and on the disk some moments later, behind those who wait for the bytes. So after a power cut there may be
 *
 * | name | bytes here | what becomes of it |
 * |---|---|---|
 * | yes | whole | brought to the bucket by the next start |
 * | yes | short, zeros, none | noticed when they are hashed: absent, fetched again by whoever asks, and the name goes |
 * | no | whole | given out from here; the other gates fetch it themselves. Never of what a mirror holds, which waits for {@link synced} |
 * | no | none | absent everywhere, and nothing says otherwise: that the bucket has it is noted only when it got there |
 */
export class PendingUploads {
  readonly #folder: string
  readonly #events: Events
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #isDue = false
  /** the folder is new: its own name is not on the disk perhaps */
  #isNew = true

  private constructor(folder: string, events: Events) {
    this.#folder = folder
    this.#events = events
  }

  /** Throws `unknown-store` where the folder cannot be made. */
  static async open(folder: string, events: Events): Promise<PendingUploads> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      return new PendingUploads(folder, events)
    } catch (error) {
      throw storeError('what waits for the bucket cannot be written down', error)
    }
  }

  async all(): Promise<readonly Sha256[]> {
    try {
      return (await readdir(this.#folder)).filter((name): name is Sha256 => /^[0-9a-f]{64}$/.test(name))
    } catch (error) {
      throw storeError('what waits for the bucket cannot be read', error)
    }
  }

  async add(sha256: Sha256): Promise<void> {
    try {
      await writeFile(join(this.#folder, sha256), '', { mode: 0o600 })
    } catch (error) {
      throw storeError('what waits for the bucket cannot be written down', error)
    }
    this.#isDue = true
    this.#timer ??= setTimeout(() => void this.synced().catch(error => this.#tell(error)), GATHERS).unref()
  }

  /** Every name that was added until now is on the disk when this resolves. Throws `unknown-store` where it is not. */
  synced(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#running = this.#running.catch(() => {}).then(() => this.#sync())
    return this.#running
  }

  /** One that stays is looked for in the bucket once more at the next start. */
  async remove(sha256: Sha256): Promise<void> {
    await rm(join(this.#folder, sha256), { force: true }).catch(() => {})
  }

  async close(): Promise<void> {
    await this.synced().catch(error => this.#tell(error))
  }

  async #sync(): Promise<void> {
    if (!this.#isDue) return
    this.#isDue = false
    try {
      await syncFolder(this.#folder)
      if (this.#isNew) await syncFolder(dirname(this.#folder))
      this.#isNew = false
    } catch (error) {
      this.#isDue = true
      throw storeError(UNSYNCED, error)
    }
  }

  #tell(cause: unknown): void {
    const { code } = storeError(UNSYNCED, cause)
    const told = { type: 'unknown', code, detail: UNSYNCED, route: 'background', untrusted: undefined, cause } as const
    this.#events.emit({ ...told, id: '' })
  }
}

const UNSYNCED = 'the list of what waits for the bucket did not reach the disk'

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
