import { formatInstant } from '../../domain/base/instant.ts'
import type { Message, Told } from './told.ts'

/** `portcullis.refused` and so on: a name of our own, since there is no domain to turn round. */
const PREFIX = 'portcullis.'

/** CloudEvents 1.0 in the JSON format, structured mode. */
export function cloudEvent({ id, type, source, at, subject, title, text, url, data }: Told): Message {
  return {
    contentType: 'application/cloudevents+json',
    body: JSON.stringify({
      specversion: '1.0',
      id,
      source,
      type: `${PREFIX}${type}`,
      // an attribute that is empty is none (CloudEvents 1.0, 3.1)
      ...(subject === '' ? {} : { subject }),
      time: formatInstant(at),
      datacontenttype: 'application/json',
      data: { title, text, url: url ?? null, ...data },
    }),
  }
}
