// Confirmations of orders by SMS, sent through SerwerSMS.

const URL = 'https://api2.serwersms.pl/messages'

export class Confirmations {
  /** @param fetch the function that sends requests; a test may give its own */
  constructor(username, password, fetch = globalThis.fetch) {
    this.account = { username, password }
    this.fetch = fetch
  }

  /** Send a text, and return the id that its report is asked by. */
  async send(phone, text) {
    const { items } = await this.#call('send_sms', { phone, text, sender: 'INFORMACJA', details: true })
    return items[0].id
  }

  /** What became of a message: in_progress, sent, delivered, ... */
  async status(id) {
    const { items } = await this.#call('reports', { id })
    return items[0].status
  }

  async #call(action, parameters) {
    const answer = await this.fetch(`${URL}/${action}.json`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...this.account, ...parameters }),
    })
    const document = await answer.json()
    if (document.error) throw new Error(document.error.message) // with status 200
    return document
  }
}
