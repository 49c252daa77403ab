// The answers to a survey by SMS, exported from mGage.

export class Survey {
  constructor(program, user, password, baseUrl = 'https://communicatepro.mgage.com') {
    this.url = `${baseUrl}/api/messages/program/${program}?messageType=MO&pageSize=2`
    this.headers = { Authorization: `Basic ${btoa(`${user}:${password}`)}` }
  }

  /** Every answer, page by page. */
  async *answers() {
    for (let url = this.url; url !== null; ) {
      const answer = await fetch(url, { headers: this.headers })
      const { data, meta } = await answer.json()
      if (!answer.ok) throw new Error(meta.generalErrors.join())
      yield* data.messages
      url = meta.nextPageUrl
    }
  }

  /** How often each text was answered, whatever its case. */
  async count() {
    const counts = {}
    for await (const { body } of this.answers()) {
      const answer = body.trim().toLowerCase()
      counts[answer] = (counts[answer] ?? 0) + 1
    }
    return counts
  }
}
