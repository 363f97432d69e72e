import { type Instant, instant } from '../../../domain/base/instant.ts'
import { type NewestTime, recordedAt } from '../../../domain/memory/newest-time.ts'
import type { Watermark } from '../../../ports/store.ts'
import type { Connection } from '../connection.ts'
import type { News } from './notices.ts'

export interface SharedWatermark extends Watermark {
  take(news: Pick<News, 'newest' | 'letGo'>): void
  /** Writes down what was raised here. */
  write(): Promise<void>
}

/** The newest time of all gates: each has it within a second or two, which is little beside the minutes that it is compared with. */
export function createSharedWatermark(connection: Connection): SharedWatermark {
  let time: NewestTime = { newest: instant(0), leap: undefined }
  let written: Instant = instant(0)
  let letGo = 0
  return {
    newest: () => time.newest,
    raise(at) {
      time = recordedAt(time, at, performance.now())
    },
    take(news) {
      const newest = instant(news.newest ?? 0)
      const isOther = (news.letGo ?? 0) !== letGo
      letGo = news.letGo ?? 0
      if (isOther || newest > time.newest) time = { newest, leap: undefined }
      if (isOther || newest > written) written = newest
    },
    async write() {
      const { newest } = time
      if (newest <= written) return
      await writeNewest(connection, newest)
      written = newest
    },
  }
}

async function writeNewest(connection: Connection, newest: Instant): Promise<void> {
  if (newest === 0) return
  await connection.ask(
    'the newest time could not be written down',
    `insert into facts as f (name, value) values ('newest', $1)
     on conflict (name) do update set value = excluded.value where f.value < excluded.value`,
    [newest],
  )
}
