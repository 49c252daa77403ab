// Reads each file that is named with the parser that is named, and prints what it made of it as JSON.

const fs = require("fs");
const path = require("path");

const list = (value) => (value === undefined || value === "" ? [] : [].concat(value));

const parsers = {
  xml2js(xml) {
    const options = { explicitArray: false, mergeAttrs: false };
    let read;
    require("xml2js").parseString(xml, options, (error, result) => {
      if (error) throw error;
      read = result;
    });
    return { response: read.response, attributes: (number) => number.$, text: (number) => number._ };
  },
  "fast-xml-parser"(xml) {
    const { XMLParser, XMLValidator } = require("fast-xml-parser");
    const result = XMLValidator.validate(xml);
    if (result !== true) throw new Error(result.err.msg);
    // htmlEntities: without it a reference by number, such as that of a carriage return, is left as it stands.
    const options = { htmlEntities: true, ignoreAttributes: false, parseTagValue: false, attributeNamePrefix: "@", trimValues: false };
    return {
      response: new XMLParser(options).parse(xml).response,
      attributes: (number) => ({ sms_enabled: number["@sms_enabled"], url: number["@url"] }),
      text: (number) => number["#text"],
    };
  },
};

function read(parse, xml) {
  let parsed;
  try {
    parsed = parse(xml);
  } catch (error) {
    return { complaints: [error.message] };
  }
  const { response, attributes, text } = parsed;
  const messages = response.messages || (response.data && response.data.messages) || {};
  const records = ["inbound", "outbound"].flatMap((way) => list((messages[way] || {}).message));
  return {
    result: response.result,
    description: response.result_description,
    messages: records.map((one) => [one.msg_id, one.to, one.from, one.message, one.date]),
    numbers: list((response.data || {}).number).map((one) => [text(one), attributes(one).sms_enabled, attributes(one).url]),
    complaints: [],
  };
}

const [name, ...files] = process.argv.slice(2);
const all = {};
for (const file of files) all[path.basename(file, ".xml")] = read(parsers[name], fs.readFileSync(file, "utf8"));
process.stdout.write(JSON.stringify(all));
