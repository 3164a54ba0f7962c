/* See zentrale_info.hpp. */
#include <pjsua2.hpp>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "zentrale_info.hpp"

using std::string;

namespace zentrale {

namespace {

/* What a digit without a length gets, and the longest that is believed. */
enum { DURATION_MS = 100, DURATION_MAX_MS = 6000 };

const InfoVerdict TO_PJSUA = { 0, NULL, NULL, NULL };
const InfoVerdict OK = { PJSIP_SC_OK, NULL, NULL, NULL };
const InfoVerdict NO_DIGIT = { PJSIP_SC_BAD_REQUEST, "Body Has No Digit", NULL, NULL };
const InfoVerdict NO_SUCH_TYPE = { PJSIP_SC_UNSUPPORTED_MEDIA_TYPE, NULL, "Accept",
                                   "application/dtmf-relay, application/dtmf" };
/* We are willing to receive no package (RFC 6086 4.2.2); an empty list says so (RFC 6086 5.2.3). */
const InfoVerdict NO_SUCH_PACKAGE = { 469, "Bad Info Package", "Recv-Info", "" };

string trimmed(const string &text)
{
    const char *blanks = " \t\r\n";
    size_t first = text.find_first_not_of(blanks);
    return first == string::npos ? string() : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

string lower(string text)
{
    for (char &c : text)
        c = (char)std::tolower((unsigned char)c);
    return text;
}

/* The value of a line "name = value", whatever the case of the name; false when there is none. */
bool find_value(const string &body, const string &name, string &value)
{
    for (size_t at = 0; at < body.size();) {
        size_t end = body.find_first_of("\r\n", at);
        string line = body.substr(at, end == string::npos ? end : end - at);
        size_t equals = line.find('=');
        if (equals != string::npos && lower(trimmed(line.substr(0, equals))) == name) {
            value = trimmed(line.substr(equals + 1));
            return true;
        }
        at = end == string::npos ? body.size() : end + 1;
    }
    return false;
}

bool is_flash(const string &signal)
{
    return signal == "!" || signal == "16" || lower(signal) == "flash" || lower(signal) == "hf";
}

/* A digit as such, or by its number among the telephone-events (RFC 4733 3.2).  0: it is none. */
char digit_of(const string &signal)
{
    static const string digits = "0123456789*#ABCD";
    if (signal.size() == 1) {
        char digit = (char)std::toupper((unsigned char)signal[0]);
        return digits.find(digit) == string::npos ? 0 : digit;
    }
    if (signal.size() == 2 && signal[0] == '1' && signal[1] >= '0' && signal[1] <= '5')
        return digits[(size_t)(10 + signal[1] - '0')];
    return 0;
}

unsigned duration_of(const string &text)
{
    long duration = text.size() > 9 ? DURATION_MAX_MS : std::strtol(text.c_str(), NULL, 10);
    return duration <= 0 ? (unsigned)DURATION_MS : duration > DURATION_MAX_MS ? (unsigned)DURATION_MAX_MS
                                                                               : (unsigned)duration;
}

/* In the one form that pjsua-lib reads. */
void rewrite(pjsip_rx_data *rdata, char digit, unsigned duration_ms)
{
    enum { SIZE = 48 };
    pjsip_msg_body *body = rdata->msg_info.msg->body;
    char *text = (char *)pj_pool_alloc(rdata->tp_info.pool, SIZE);
    int length = std::snprintf(text, SIZE, "Signal=%c\r\nDuration=%u\r\n", digit, duration_ms);
    body->data = text;
    body->len = (unsigned)length;
    body->content_type.subtype = pj_str((char *)"dtmf-relay");
}

}  // namespace

InfoVerdict judge_info(pjsip_rx_data *rdata)
{
    static const pj_str_t package = { (char *)"Info-Package", 12 };
    const pjsip_msg_body *body = rdata->msg_info.msg->body;

    if (pjsip_msg_find_hdr_by_name(rdata->msg_info.msg, &package, NULL))
        return NO_SUCH_PACKAGE;
    if (!body || !body->len)
        return OK;  /* asks whether the call still exists (RFC 2976 2.2) */
    const pjsip_media_type &type = body->content_type;
    bool is_plain = pj_stricmp2(&type.subtype, "dtmf") == 0;
    if (pj_stricmp2(&type.type, "application") != 0 || (!is_plain && pj_stricmp2(&type.subtype, "dtmf-relay") != 0))
        return NO_SUCH_TYPE;

    string text((const char *)body->data, body->len), signal, duration;
    if (!find_value(text, "signal", signal) && is_plain)
        signal = trimmed(text);
    find_value(text, "duration", duration);
    if (is_flash(signal))
        return OK;  /* there is nothing here that a hook flash could do */
    char digit = digit_of(signal);
    if (!digit)
        return NO_DIGIT;
    rewrite(rdata, digit, duration_of(duration));
    return TO_PJSUA;
}

}  // namespace zentrale
