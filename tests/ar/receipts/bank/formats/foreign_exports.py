"""Exports of banks and payment services that have no mapping of their own, in the shape of their own headers."""

# ruff: noqa: E501 - rows as banks write them
from __future__ import annotations

from typing import Final, NamedTuple


class Foreign(NamedTuple):
    """A file with what is booked in it, signed minor units, and who paid the first: name and account."""

    text: str
    booked: list[int]
    payer: tuple[str, str] = ("", "")


FOREIGN: Final[dict[str, Foreign]] = {
    "sparkasse_camt": Foreign(
        (
            '"Auftragskonto";"Buchungstag";"Valutadatum";"Buchungstext";"Verwendungszweck";"Glaeubiger ID";"Mandatsreferenz";"Kundenreferenz (End-to-End)";"Sammlerreferenz";"Lastschrift Ursprungsbetrag";"Auslagenersatz Ruecklastschrift";"Beguenstigter/Zahlungspflichtiger";"Kontonummer/IBAN";"BIC (SWIFT-Code)";"Betrag";"Waehrung";"Info"\n'
            '"DE12500105170648489890";"03.11.26";"03.11.26";"GUTSCHR. UEBERWEISUNG";"RE-2026-17";"";"";"NOTPROVIDED";"";"";"";"Kunde AG";"DE02120300000000202051";"BYLADEM1001";"1.250,00";"EUR";"Umsatz gebucht"\n'
            '"DE12500105170648489890";"04.11.26";"04.11.26";"FOLGELASTSCHRIFT";"Strom";"DE98";"M1";"E2E";"";"";"";"Stadtwerke";"DE02120300000000202052";"BYLADEM1001";"-95,20";"EUR";"Umsatz gebucht"\n'
            '"DE12500105170648489890";"05.11.26";"05.11.26";"GUTSCHR. UEBERWEISUNG";"RE-2026-18";"";"";"";"";"";"";"Neu GmbH";"DE02120300000000202053";"BYLADEM1001";"10,00";"EUR";"Umsatz vorgemerkt"\n'
        ),
        [125000, -9520],
        ("Kunde AG", "DE02120300000000202051"),
    ),
    "ing_de": Foreign(
        (
            "Umsatzanzeige;Datei erstellt am: 30.11.2026 08:00\n"
            ";Letztes Update: aktuell\n"
            "\n"
            "IBAN;DE51 5001 0517 0000 0000 00\n"
            "Kontoname;Girokonto\n"
            "Bank;ING\n"
            "Kunde;We GmbH\n"
            "Zeitraum;01.11.2026 - 30.11.2026\n"
            "Saldo;1.000,00;EUR\n"
            "\n"
            "Sortierung;Datum absteigend\n"
            "\n"
            "In der CSV-Datei finden Sie alle bereits gebuchten Umsätze.\n"
            "\n"
            "Buchung;Wertstellungsdatum;Auftraggeber/Empfänger;Buchungstext;Verwendungszweck;Saldo;Währung;Betrag;Währung\n"
            "05.11.2026;05.11.2026;Kunde AG;Gutschrift;RE-1;1.000,00;EUR;300,00;EUR\n"
            "04.11.2026;04.11.2026;Miete;Überweisung;Nov;700,00;EUR;-500,00;EUR\n"
        ),
        [30000, -50000],
        ("Kunde AG", ""),
    ),
    "ing_nl": Foreign(
        (
            '"Date","Name / Description","Account","Counterparty","Code","Debit/credit","Amount (EUR)","Transaction type","Notifications"\n'
            '"20261103","Klant BV","NL20INGB0001234567","NL91ABNA0417164300","GT","Credit","1234,56","Online Banking","Name: Klant BV Description: INV-1"\n'
            '"20261104","Huur","NL20INGB0001234567","NL91ABNA0417164301","GT","Debit","800,00","Online Banking","rent"\n'
        ),
        [123456, -80000],
        ("Klant BV", "NL91ABNA0417164300"),
    ),
    "ing_nl_dutch": Foreign(
        (
            '"Datum";"Naam / Omschrijving";"Rekening";"Tegenrekening";"Code";"Af Bij";"Bedrag (EUR)";"Mutatiesoort";"Mededelingen";"Saldo na mutatie";"Tag"\n'
            '"20261103";"Klant BV";"NL20INGB0001234567";"NL91ABNA0417164300";"GT";"Bij";"1234,56";"Online bankieren";"INV-1";"2234,56";""\n'
            '"20261104";"Huur";"NL20INGB0001234567";"NL91ABNA0417164301";"GT";"Af";"800,00";"Online bankieren";"rent";"1434,56";""\n'
        ),
        [123456, -80000],
        ("Klant BV", "NL91ABNA0417164300"),
    ),
    "n26": Foreign(
        (
            '"Booking Date","Value Date","Partner Name","Partner Iban",Type,"Payment Reference","Account Name","Amount (EUR)","Original Amount","Original Currency","Exchange Rate"\n'
            '2026-11-03,2026-11-03,"Kunde AG",DE02120300000000202051,"Credit Transfer","RE-1","Main Account",250.00,"","",""\n'
            '2026-11-04,2026-11-04,"AWS","","Presentment","AWS EMEA","Main Account",-23.10,-25.00,USD,0.924\n'
        ),
        [25000, -2310],
        ("Kunde AG", "DE02120300000000202051"),
    ),
    "wise": Foreign(
        (
            '"TransferWise ID",Date,Amount,Currency,Description,"Payment Reference","Running Balance","Exchange From","Exchange To","Exchange Rate","Payer Name","Payee Name","Payee Account Number",Merchant,"Card Last Four Digits","Card Holder Full Name",Attachment,Note,"Total fees","Exchange To Amount"\n'
            'TRANSFER-1,03-11-2026,500.00,GBP,"Received money from CLIENT LTD with reference INV-9","INV-9",1500.00,,,,"CLIENT LTD",,,,,,,,0.00,\n'
            'TRANSFER-2,04-11-2026,-20.00,GBP,"Sent money to A",,1480.00,,,,,"A","12345678",,,,,,0.50,\n'
        ),
        [50000, -2000],
        ("CLIENT LTD", ""),
    ),
    "revolut_business": Foreign(
        (
            "Date started (UTC),Date completed (UTC),ID,Type,State,Description,Reference,Payer,Card number,Card label,Card state,Orig currency,Orig amount,Payment currency,Amount,Total amount,Exchange rate,Fee,Fee currency,Balance,Account,Beneficiary account number,Beneficiary sort code or routing number,Beneficiary IBAN,Beneficiary BIC,MCC,Related transaction id,Spend program\n"
            "2026-11-03,2026-11-03,6543-a,TOPUP,COMPLETED,Money added from KUNDE AG,INV-5,,,,,EUR,100.00,EUR,100.00,100.00,,0.00,EUR,600.00,Main,,,,,,,\n"
            "2026-11-02,2026-11-02,6543-b,TRANSFER,COMPLETED,To Supplier,rent,We,,,,EUR,-50.00,EUR,-50.00,-50.20,,0.20,EUR,500.00,Main,,,DE02,,,,\n"
            "2026-11-04,,6543-c,TRANSFER,PENDING,To Supplier2,rent,We,,,,EUR,-10.00,EUR,-10.00,-10.00,,0.00,EUR,,Main,,,DE02,,,,\n"
        ),
        [10000, -5020],
    ),
    "paypal": Foreign(
        (
            '"Date","Time","TimeZone","Name","Type","Status","Currency","Gross","Fee","Net","From Email Address","To Email Address","Transaction ID","Invoice Number","Reference Txn ID","Balance","Subject","Note"\n'
            '"11/03/2026","10:00:00","PST","Client Inc","Website Payment","Completed","USD","100.00","-3.20","96.80","c@x.com","we@x.com","9AB12345CD678901E","INV-7","","1,096.80","",""\n'
            '"11/20/2026","10:00:00","PST","","General Withdrawal","Completed","USD","-500.00","0.00","-500.00","we@x.com","","9AB12345CD678902E","","","596.80","",""\n'
            '"11/21/2026","10:00:00","PST","X","Website Payment","Pending","USD","50.00","0.00","50.00","c@x.com","we@x.com","9AB12345CD678903E","","","596.80","",""\n'
        ),
        [9680, -50000],
    ),
    "stripe_balance": Foreign(
        (
            "balance_transaction_id,created_utc,available_on_utc,currency,gross,fee,net,reporting_category,description\n"
            "txn_1,2026-11-03 10:00:00,2026-11-05 00:00:00,usd,100.00,3.20,96.80,charge,INV-1\n"
            "txn_2,2026-11-04 10:00:00,2026-11-06 00:00:00,usd,-96.80,0.00,-96.80,payout,STRIPE PAYOUT\n"
        ),
        [9680, -9680],
    ),
    "stripe_payouts": Foreign(
        (
            "id,Type,Source,Amount,Fee,Destination Platform Fee,Net,Currency,Created (UTC),Available On (UTC),Description,Transfer,Transfer Date (UTC)\n"
            "txn_1,charge,ch_1,100.00,3.20,,96.80,usd,2026-11-03 10:00,2026-11-05 00:00,INV-1,po_1,2026-11-05 00:00\n"
            "txn_2,payout,po_1,-96.80,0.00,,-96.80,usd,2026-11-05 00:00,2026-11-05 00:00,STRIPE PAYOUT,po_1,2026-11-05 00:00\n"
        ),
        [9680, -9680],
    ),
    "lloyds": Foreign(
        (
            "Transaction Date,Transaction Type,Sort Code,Account Number,Transaction Description,Debit Amount,Credit Amount,Balance\n"
            "03/11/2026,FPI,'30-90-00,12345678,CLIENT LTD INV-1,,500.00,1500.00\n"
            "13/11/2026,DD,'30-90-00,12345678,BT GROUP,40.00,,1460.00\n"
        ),
        [50000, -4000],
    ),
    "chase": Foreign(
        (
            "Details,Posting Date,Description,Amount,Type,Balance,Check or Slip #\n"
            'CREDIT,11/03/2026,"ORIG CO NAME:CLIENT INC",1000.00,ACH_CREDIT,3000.00,,\n'
            'DEBIT,11/13/2026,"WIRE OUT",-500.00,WIRE_OUTGOING,2500.00,,\n'
        ),
        [100000, -50000],
    ),
    "hsbc_uk": Foreign(
        (
            "Date,Type,Description,Paid out,Paid in,Balance\n"
            "03 Nov 2026,CR,CLIENT LTD,,250.00,1250.00\n"
            "04 Nov 2026,BP,RENT,100.00,,1150.00\n"
        ),
        [25000, -10000],
    ),
    "hsbcnet": Foreign(
        (
            "Account name,Account number,Bank name,Currency,Location,BIC,IBAN,Account status,Account type,Closing ledger balance,Bank reference,Narrative,Customer reference,TRN type,Value date,Credit amount,Debit amount,Time,Post date,Balance\n"
            "WE LTD,012-345678-001,HSBC HK,HKD,HONG KONG,HSBCHKHH,,Active,Current,10000.00,N12345,CLIENT INV-1,NONREF,TRANSFER,03/11/2026,1000.00,,10:00,03/11/2026,10000.00\n"
            "WE LTD,012-345678-001,HSBC HK,HKD,HONG KONG,HSBCHKHH,,Active,Current,10000.00,N12346,FEE,NONREF,CHARGES,14/11/2026,,50.00,10:00,14/11/2026,9950.00\n"
        ),
        [100000, -5000],
    ),
    "pingan": Foreign(
        (
            "交易日期,账号,借,贷,账户余额,对方账户,对方账户名称,对方开户行,交易流水号,摘要,用途\n"
            "20261103,15000012345678,,5000.00,15000.00,6222020000000001,甲公司,工行,E2026110300001,转账,货款INV-1\n"
            "20261104,15000012345678,300.00,,14700.00,6222020000000002,乙公司,建行,E2026110400002,转账,房租\n"
        ),
        [500000, -30000],
        ("甲公司", "6222020000000001"),
    ),
    "minsheng": Foreign(
        (
            "账号：600000001\n"
            "户名：我司\n"
            "交易日期,主机交易流水号,借方发生额,贷方发生额,账户余额,凭证号,摘要,对方账号,对方账号名称,对方开户行,交易时间\n"
            '20261103,3010112345,0.00,"5,000.00","15,000.00",,货款,6222020000000001,甲公司,工行,10:00:00\n'
            '20261104,3010112346,300.00,0.00,"14,700.00",,房租,6222020000000002,乙公司,建行,11:00:00\n'
            '合计,,300.00,"5,000.00",,,,,,,\n'
        ),
        [500000, -30000],
        ("甲公司", "6222020000000001"),
    ),
    "cib_xingye": Foreign(
        (
            "兴业银行账户交易明细\n"
            "账户名称：我司,账号：3570 1010 0100\n"
            "银行流水号,账号,账户名称,凭证代号,借方金额,贷方金额,账户余额,摘要,对方账号,对方户名,对方银行,对方地区,交易时间\n"
            "20261103001,357010100100,我司,,,5000.00,15000.00,汇款汇入,6222020000000001,甲公司,工行,厦门,2026-11-03 10:00:00\n"
            "20261104001,357010100100,我司,,300.00,,14700.00,汇款汇出,6222020000000002,乙公司,建行,厦门,2026-11-04 10:00:00\n"
        ),
        [500000, -30000],
        ("甲公司", "6222020000000001"),
    ),
    "psbc_youchu": Foreign(
        (
            "交易日期,交易时间,借贷标志,交易金额,账户余额,对方账号,对方户名,对方行名,摘要,附言,流水号\n"
            "2026-11-03,10:00:00,贷,5000.00,15000.00,6222020000000001,甲公司,工行,汇兑,货款,1001\n"
            "2026-11-04,10:00:00,借,300.00,14700.00,6222020000000002,乙公司,建行,汇兑,房租,1002\n"
        ),
        [500000, -30000],
        ("甲公司", "6222020000000001"),
    ),
    "czbank": Foreign(
        (
            "交易时间,收入金额,支出金额,余额,对方账户名,对方账号,对方行名,摘要,交易流水\n"
            "2026/11/03 10:00:00,5000.00,,15000.00,甲公司,6222020000000001,工行,转账存入,T1\n"
            "2026/11/04 10:00:00,,300.00,14700.00,乙公司,6222020000000002,建行,转账支取,T2\n"
        ),
        [500000, -30000],
        ("甲公司", "6222020000000001"),
    ),
    "dkb": Foreign(
        (
            '"Girokonto";"DE12500105170648489890"\n'
            '"Zeitraum:";"01.11.2026 - 30.11.2026"\n'
            '"Kontostand vom 30.11.2026:";"1.000,00 €"\n'
            '""\n'
            '"Buchungsdatum";"Wertstellung";"Status";"Zahlungspflichtige*r";"Zahlungsempfänger*in";"Verwendungszweck";"Umsatztyp";"IBAN";"Betrag (€)";"Gläubiger-ID";"Mandatsreferenz";"Kundenreferenz"\n'
            '"03.11.26";"03.11.26";"Gebucht";"Kunde AG";"We GmbH";"RE-1";"Eingang";"DE02";"250,00";"";"";""\n'
            '"04.11.26";"04.11.26";"Gebucht";"We GmbH";"Vermieter";"Miete";"Ausgang";"DE03";"-800";"";"";""\n'
        ),
        [25000, -80000],
        ("Kunde AG", "DE02"),
    ),
    "barclays": Foreign(
        (
            "Number,Date,Account,Amount,Subcategory,Memo\n"
            ",03/11/2026,20-00-00 12345678,500.00,Counter Credit,CLIENT LTD INV-1\n"
            ",14/11/2026,20-00-00 12345678,-40.00,Direct Debit,BT\n"
        ),
        [50000, -4000],
    ),
    "bofa": Foreign(
        (
            "Description,,Summary Amt.\n"
            'Beginning balance as of 11/01/2026,,"1,000.00"\n'
            'Total credits,,"500.00"\n'
            'Total debits,,"-40.00"\n'
            'Ending balance as of 11/30/2026,,"1,460.00"\n'
            "\n"
            "Date,Description,Amount,Running Bal.\n"
            '11/01/2026,Beginning balance as of 11/01/2026,,"1,000.00"\n'
            '11/03/2026,"CLIENT INC","500.00","1,500.00"\n'
            '11/14/2026,"BT","-40.00","1,460.00"\n'
        ),
        [50000, -4000],
    ),
    "dbs": Foreign(
        (
            "Account Details For:,DBS 012-345678-9\n"
            "Currency:,SGD\n"
            "\n"
            "Transaction Date,Value Date,Statement Code,Reference,Debit Amount,Credit Amount,Client Reference,Additional Reference,Misc Reference\n"
            "03-Nov-2026,03-Nov-2026,TRF,R1,,500.00,INV-1,,\n"
            "04-Nov-2026,04-Nov-2026,CHG,R2,5.00,,,,\n"
        ),
        [50000, -500],
    ),
    "rabobank": Foreign(
        (
            '"IBAN/BBAN","Munt","BIC","Volgnr","Datum","Rentedatum","Bedrag","Saldo na trn","Tegenrekening IBAN/BBAN","Naam tegenpartij","Naam uiteindelijke partij","Naam initiërende partij","BIC tegenpartij","Code","Batch ID","Transactiereferentie","Machtigingskenmerk","Incassant ID","Betalingskenmerk","Omschrijving-1"\n'
            '"NL44RABO0123456789","EUR","RABONL2U","000000000000000001","2026-11-03","2026-11-03","+250,00","+1250,00","NL91","Klant BV","","","","cb","","","","","","INV-1"\n'
            '"NL44RABO0123456789","EUR","RABONL2U","000000000000000002","2026-11-04","2026-11-04","-50,00","+1200,00","NL92","Huur","","","","cb","","","","","","rent"\n'
        ),
        [25000, -5000],
        ("Klant BV", "NL91"),
    ),
    "bnp_fr": Foreign(
        (
            "Date;Libellé;Débit;Crédit;Solde\n"
            "03/11/2026;VIR CLIENT SA FA-1;;250,00;1250,00\n"
            "14/11/2026;LOYER;800,00;;450,00\n"
        ),
        [25000, -80000],
    ),
    "santander_es": Foreign(
        (
            "Fecha operación;Fecha valor;Concepto;Importe;Saldo\n"
            "03/11/2026;03/11/2026;Transferencia CLIENTE SA;250,00;1.250,00\n"
            "14/11/2026;14/11/2026;Alquiler;-800,00;450,00\n"
        ),
        [25000, -80000],
    ),
}
