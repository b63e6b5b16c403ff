"""Exports of banks of many countries in the shape of their own headers, with invented rows; see test_world_exports.py."""

# ruff: noqa: E501 - rows as banks write them
from __future__ import annotations

from typing import Final, NamedTuple


class Export(NamedTuple):
    """A file with what is booked in it, signed minor units, and the encoding in which the bank writes it."""

    text: str
    booked: list[int]
    encoding: str = "utf-8"


WORLD: Final[dict[str, Export]] = {
    "deutsche_bank": Export(
        """Umsätze Girokonto;Zeitraum: 30 days
Neue Umsätze per 30.11.2026;
Letzter Kontostand;;;;1.000,00;EUR
Buchungstag;Wert;Umsatzart;Begünstigter / Auftraggeber;Verwendungszweck;IBAN;BIC;Kundenreferenz;Mandatsreferenz ;Gläubiger ID;Fremde Gebühren;Betrag;Abweichender Empfänger;Anzahl der Aufträge;Anzahl der Schecks;Soll;Haben;Währung
03.11.2026;03.11.2026;"SEPA-Gutschrift";Kunde AG;RE-1;DE02120300000000202051;BYLADEM1001;NOTPROVIDED;;;;;;;;;1.250,00;EUR
04.11.2026;04.11.2026;"SEPA-Lastschrift";Strom AG;Strom;DE02120300000000202052;BYLADEM1001;;;;;;;;;-95,20;;EUR
Kontostand;30.11.2026;;;2.154,80;EUR
""",
        [125000, -9520],
        "cp1252",
    ),
    "volksbank_old": Export(
        """Volksbank Musterstadt

Umsatzanzeige

BLZ:;37060590;;Datum:;30.11.2026
Konto:;1234567;;Uhrzeit:;10:00:00
Abfrage von:;We GmbH;;Kontoinhaber:;We GmbH

Buchungstag;Valuta;Auftraggeber/Zahlungsempfänger;Empfänger/Zahlungspflichtiger;Konto-Nr.;IBAN;BLZ;BIC;Vorgang/Verwendungszweck;Kundenreferenz;Währung;Umsatz;\u0020
03.11.2026;03.11.2026;Kunde AG;We GmbH;;DE02;;B;"Gutschrift
RE-1";;EUR;1.250,00;H
04.11.2026;04.11.2026;We GmbH;Strom;;DE03;;B;"Lastschrift";;EUR;95,20;S

02.11.2026;;;;;;;;;Anfangssaldo;EUR;1.000,00;H
04.11.2026;;;;;;;;;Endsaldo;EUR;2.154,80;H
""",
        [125000, -9520],
        "cp1252",
    ),
    "postbank": Export(
        """Umsätze
Konto;Postbank Business;;10 123456 00;EUR

3.11.2026 - 30.11.2026
Letzter Kontostand;;;;1.000,00;EUR
Vorgemerkte und noch nicht gebuchte Umsätze sind nicht Bestandteil dieser Übersicht.
Buchungstag;Wert;Umsatzart;Begünstigter / Auftraggeber;Verwendungszweck;IBAN / Kontonummer;BIC;Kundenreferenz;Mandatsreferenz;Gläubiger ID;Fremde Gebühren;Betrag;Abweichender Empfänger;Anzahl der Aufträge;Anzahl der Schecks;Soll;Haben;Währung
3.11.2026;3.11.2026;SEPA Überweisung von;Kunde AG;RE-1;DE02120300000000202051;B;;;;;1.250,00;;;;;1.250,00;EUR
4.11.2026;4.11.2026;Lastschrift;Strom;x;DE02;B;;;;;-95,20;;;;-95,20;;EUR
Kontostand;4.11.2026;;;2.154,80;EUR
""",
        [125000, -9520],
    ),
    "comdirect": Export(
        """;
"Umsätze Girokonto";"Zeitraum: 30 Tage";
"Neuer Kontostand";"2.154,80 EUR";

"Buchungstag";"Wertstellung (Valuta)";"Vorgang";"Buchungstext";"Umsatz in EUR";
"offen";"--";"Kartenverfügung";" Buchungstext: X";"-5,00";
"04.11.2026";"04.11.2026";"Lastschrift";"Auftraggeber: Strom Buchungstext: x";"-95,20";
"03.11.2026";"03.11.2026";"Übertrag / Überweisung";"Auftraggeber: Kunde AG Buchungstext: RE-1";"1.250,00";

"Alter Kontostand";"1.000,00 EUR";
""",
        [-9520, 125000],
        "cp1252",
    ),
    "hvb": Export(
        """Kontonummer\tBuchungsdatum\tValuta\tEmpfaenger 1\tEmpfaenger 2\tVerwendungszweck\tBetrag\tWaehrung
532013000\t03.11.2026\t03.11.2026\tKunde AG\t\tRE-1\t1.250,00\tEUR
532013000\t04.11.2026\t04.11.2026\tStrom\t\tx\t-95,20\tEUR
""",
        [125000, -9520],
        "utf-16",
    ),
    "ubs": Export(
        """Kontonummer:;0206 00123456.40;
IBAN:;CH93 0076 2011 6238 5295 7;
Von:;2026-11-01;
Bis:;2026-11-30;
Anfangssaldo:;1000.00;
Schlusssaldo:;2154.80;
Bewertet in:;CHF;
Anzahl Transaktionen in diesem Zeitraum:;2;

Abschlussdatum;Abschlusszeit;Buchungsdatum;Valutadatum;Währung;Belastung;Gutschrift;Einzelbetrag;Saldo;Transaktions-Nr.;Beschreibung1;Beschreibung2;Beschreibung3;Fussnoten;
2026-11-04;;2026-11-04;2026-11-04;CHF;-95.20;;;2154.80;1234567TI1234567;"Strom AG";"e-banking";"x";;
2026-11-03;;2026-11-03;2026-11-03;CHF;;1250.00;;2250.00;1234567TI1234568;"Kunde AG";"Gutschrift";"Zahlungsgrund: RE-1";;
""",
        [-9520, 125000],
    ),
    "postfinance": Export(
        """Datum von:;="2026-11-01"
Datum bis:;="2026-11-30"
Buchungsart:;="Alle Buchungen"
Konto:;="CH9300762011623852957"
Währung:;="CHF"

Buchungsdatum;Avisierungstext;Gutschrift in CHF;Lastschrift in CHF;Valuta;Saldo in CHF
2026-11-04;"LASTSCHRIFT STROM";;-95.20;2026-11-04;2154.80
2026-11-03;"GIRO AUS KONTO KUNDE AG RE-1";1250.00;;2026-11-03;

Disclaimer:
Der Dokumentinhalt wurde durch Filtereinstellungen der Kundinnen und Kunden generiert.
""",
        [-9520, 125000],
        "cp1252",
    ),
    "postfinance2": Export(
        """Datum von:;03.11.2026
Konto:;CH9300762011623852957
Währung:;CHF

Datum;Bewegungstyp;Avisierungstext;Gutschrift in CHF;Lastschrift in CHF;Label;Kategorie
04.11.2026;Buchungen;"STROM";;-95.20;;
03.11.2026;Buchungen;"KUNDE AG RE-1";1250;;;

Disclaimer:
Der Dokumentinhalt
""",
        [-9520, 125000],
    ),
    "zkb": Export(
        """"Datum";"Buchungstext";"Whg";"Betrag Detail";"ZKB-Referenz";"Referenznummer";"Belastung CHF";"Gutschrift CHF";"Valuta";"Saldo CHF";"Zahlungszweck"
"04.11.2026";"Belastungen eBanking (2)";"";"";"Z263";"";"95.20";"";"04.11.2026";"2154.80";""
"";"Strom";"CHF";"50.00";"";"";"";"";"";"";""
"";"Gas";"CHF";"45.20";"";"";"";"";"";"";""
"03.11.2026";"Gutschrift Kunde AG";"";"";"Z262";"";"";"1250.00";"03.11.2026";"2250.00";"RE-1"
""",
        [-9520, 125000],
    ),
    "raiffeisen_ch": Export(
        """IBAN;Booked At;Text;Credit/Debit Amount;Balance;Valuta Date
CH9300762011623852957;2026-11-03 00:00:00.0;Gutschrift Kunde AG;1250;2250;2026-11-03 00:00:00.0
CH9300762011623852957;2026-11-04 00:00:00.0;Strom;-95.2;2154.8;2026-11-04 00:00:00.0
""",
        [125000, -9520],
    ),
    "nordea_se": Export(
        """Bokföringsdag;Belopp;Avsändare;Mottagare;Namn;Rubrik;Saldo;Valuta
2026/11/04;-95,20;1234;;;Ström;2154,80;SEK
2026/11/03;1250,00;;1234;Kund AB;RE-1;2250,00;SEK
""",
        [-9520, 125000],
    ),
    "nordea_fi": Export(
        """Kirjauspäivä\tArvopäivä\tMaksupäivä\tMäärä\tSaaja/Maksaja\tTilinumero\tBIC\tTapahtuma\tViite\tMaksajan viite\tViesti\tKortinnumero\tKuitti\t
03.11.2026\t03.11.2026\t03.11.2026\t1250,00\tAsiakas Oy\tFI2112345600000785\tNDEAFIHH\tPano\t1232\t\tRE-1\t\t\t
04.11.2026\t04.11.2026\t04.11.2026\t-95,20\tSähkö\tFI21\tNDEAFIHH\tMaksu\t\t\tx\t\t\t
""",
        [125000, -9520],
    ),
    "danske_dk": Export(
        """"Dato";"Tekst";"Beløb";"Saldo";"Status";"Afstemt"
"03.11.2026";"Kunde A/S";"1.250,00";"2.250,00";"Udført";"Nej"
"04.11.2026";"El";"-95,20";"2.154,80";"Udført";"Nej"
"05.11.2026";"El";"-5,20";"";"Venter";"Nej"
""",
        [125000, -9520],
        "cp1252",
    ),
    "dnb_no": Export(
        """"Dato";"Forklaring";"Rentedato";"Ut fra konto";"Inn på konto"
"03.11.2026";"Kunde AS";"03.11.2026";"";"1250,00"
"04.11.2026";"Strøm";"04.11.2026";"95,20";""
""",
        [125000, -9520],
    ),
    "bnp_be": Export(
        """Nº de séquence;Date d'exécution;Date valeur;Montant;Devise du compte;Numéro de compte;Type de transaction;Contrepartie;Nom de la contrepartie;Communication;Détails;Statut;Motif du refus
2026-00012;03/11/2026;03/11/2026;1250,00;EUR;BE68539007547034;Virement en euros;BE71096123456769;Client SA;RE-1;VIREMENT;Accepté;
2026-00013;14/11/2026;14/11/2026;-95,20;EUR;BE68539007547034;Domiciliation;BE71;Elec;x;DOM;Accepté;
2026-00014;15/11/2026;15/11/2026;-5,20;EUR;BE68539007547034;Domiciliation;BE71;Elec;x;DOM;Refusé;provision
""",
        [125000, -9520],
    ),
    "socgen": Export(
        """="0300003000012345";01/11/2026;30/11/2026;2;04/11/2026;2154,80 EUR
Date de l'opération;Libellé;Détail de l'écriture;Montant de l'opération;Devise
14/11/2026;PRLV EDF;PRELEVEMENT EUROPEEN EDF;-95,20;EUR
03/11/2026;VIR CLIENT SA;VIR RECU DE CLIENT SA RE-1;1250,00;EUR
""",
        [-9520, 125000],
        "cp1252",
    ),
    "credit_agricole": Export(
        """Téléchargement du 30/11/2026;

M. OU MME WE;
Compte Courant carte n° 12345678901;
Solde au 30/11/2026 2 154,80 €

Liste des opérations du compte entre le 01/11/2026 et le 30/11/2026;

Date;Libellé;Débit Euros;Crédit Euros;
14/11/2026;"PRLV EDF
 x";95,20;;
03/11/2026;"VIREMENT CLIENT SA RE-1";;1 250,00;
""",
        [-9520, 125000],
        "cp1252",
    ),
    "banque_pop": Export(
        """Date de comptabilisation;Libelle simplifie;Libelle operation;Reference;Informations complementaires;Type operation;Categorie;Sous categorie;Debit;Credit;Date operation;Date de valeur;Pointage operation
03/11/2026;CLIENT SA;VIR SEPA CLIENT SA;AB12;RE-1;Virement recu;R;V;;+1 250,00;03/11/2026;03/11/2026;0
14/11/2026;EDF;PRLV SEPA EDF;AB13;x;Prelevement;D;E;-95,20;;14/11/2026;14/11/2026;0
""",
        [125000, -9520],
    ),
    "bbva_es": Export(
        """F.Valor;Fecha;Concepto;Movimiento;Importe;Divisa;Disponible;Divisa;Observaciones
03/11/2026;03/11/2026;Transferencia recibida;RE-1;1.250,00;EUR;2.250,00;EUR;CLIENTE SA
14/11/2026;14/11/2026;Adeudo;LUZ;-95,20;EUR;2.154,80;EUR;
""",
        [125000, -9520],
    ),
    "caixa": Export(
        """Fecha;Fecha valor;Movimiento;Más datos;Importe;Saldo
14/11/2026;14/11/2026;LUZ;x;-95,20EUR;2.154,80EUR
03/11/2026;03/11/2026;TRANSFER CLIENTE;RE-1;+1.250,00EUR;2.250,00EUR
""",
        [-9520, 125000],
    ),
    "intesa": Export(
        """Data contabile;Data valuta;Descrizione;Accrediti;Addebiti;Descrizione estesa;Mezzo
03.11.2026;03.11.2026;Bonifico in vostro favore;1.250,00;;BONIFICO CLIENTE SPA RE-1;
04.11.2026;04.11.2026;Addebito;;-95,20;ENEL;
""",
        [125000, -9520],
    ),
    "mbank": Export(
        """mBank S.A. Bankowość Detaliczna;
Skrytka Pocztowa 2108;
#Klient;
WE SP Z OO;

#Waluta;
PLN;

#Numer rachunku;
61 1090 1014 0000 0712 1981 2874;

#Saldo początkowe;1 000,00 PLN;

#Data operacji;#Data księgowania;#Opis operacji;#Tytuł;#Nadawca/Odbiorca;#Numer konta;#Kwota;#Saldo po operacji;
2026-11-03;2026-11-03;PRZELEW ZEWNĘTRZNY PRZYCHODZĄCY;"RE-1";"KLIENT SA";'12109010140000071219812874';1 250,00;2 250,00;
2026-11-04;2026-11-04;PRZELEW WYCHODZĄCY;"Prąd";"TAURON";'';-95,20;2 154,80;

;;;;;;#Saldo końcowe;2 154,80 PLN;
""",
        [125000, -9520],
        "cp1250",
    ),
    "natwest": Export(
        """Date, Type, Description, Value, Balance, Account Name, Account Number

03 Nov 2026,BAC,"CLIENT LTD , RE-1",1250.00,2250.00,"'WE LTD","'600000-12345678",
04 Nov 2026,D/D,"'BT GROUP",-95.20,2154.80,"'WE LTD","'600000-12345678",
""",
        [125000, -9520],
    ),
    "starling": Export(
        """Date,Counter Party,Reference,Type,Amount (GBP),Balance (GBP),Spending Category,Notes
03/11/2026,Client Ltd,RE-1,FASTER PAYMENT,1250.00,2250.00,INCOME,
14/11/2026,BT,x,DIRECT DEBIT,-95.20,2154.80,BILLS,
""",
        [125000, -9520],
    ),
    "barclays": Export(
        """Number,Date,Account,Amount,Subcategory,Memo
\t ,14/11/2026,20-00-00 12345678,-95.20,Direct Debit,BT
\t ,03/11/2026,20-00-00 12345678,1250.00,Counter Credit,CLIENT LTD RE-1
""",
        [-9520, 125000],
    ),
    "monzo": Export(
        """Transaction ID,Date,Time,Type,Name,Emoji,Category,Amount,Currency,Local amount,Local currency,Notes and #tags,Address,Receipt,Description,Category split,Money Out,Money In
tx_1,03/11/2026,10:00:00,Faster payment,Client Ltd,,Income,1250.00,GBP,1250.00,GBP,RE-1,,,RE-1,,,1250.00
tx_2,14/11/2026,10:00:00,Direct Debit,BT,,Bills,-95.20,GBP,-95.20,GBP,,,,BT,,-95.20,
""",
        [125000, -9520],
    ),
    "nationwide": Export(
        """"Account Name:","FlexAccount ****12345"
"Account Balance:","£2,154.80"
"Available Balance: ","£2,154.80"

"Date","Transaction type","Description","Paid out","Paid in","Balance"
"03 Nov 2026","Transfer from","CLIENT LTD","","£1,250.00","£2,250.00"
"04 Nov 2026","Direct debit","BT","£95.20","","£2,154.80"
""",
        [125000, -9520],
        "cp1252",
    ),
    "capital_one": Export(
        """Account Number,Transaction Description,Transaction Date,Transaction Type,Transaction Amount,Balance
1234,Deposit from CLIENT,11/03/26,Credit,1250.00,2250.00
1234,Withdrawal to POWER,11/14/26,Debit,95.20,2154.80
""",
        [125000, -9520],
    ),
    "mercury": Export(
        """Date (UTC),Description,Amount,Status,Source Account,Bank Description,Reference,Note,Last Four Digits,Name On Card,Mercury Category,Category,GL Code,Timestamp,Original Currency,Check Number,Tags,Cardholder Email,Tracking ID
11-03-2026,Client Inc,1250.00,Sent,Mercury Checking,CLIENT INC,RE-1,,,,,,,11-03-2026 10:00:00,USD,,,,
11-14-2026,Power,-95.20,Sent,Mercury Checking,POWER,,,,,,,,11-14-2026 10:00:00,USD,,,,
11-15-2026,Power,-5.20,Failed,Mercury Checking,POWER,,,,,,,,11-15-2026 10:00:00,USD,,,,
""",
        [125000, -9520],
    ),
    "schwab": Export(
        """"Date","Status","Type","CheckNumber","Description","Withdrawal","Deposit","RunningBalance"
"11/14/2026","Posted","ACH","","POWER","$95.20","","$2,154.80"
"11/03/2026","Posted","WIRE","","CLIENT","","$1,250.00","$2,250.00"
""",
        [-9520, 125000],
    ),
    "ocbc": Export(
        """Account details for:,Business Growth Account 501-123456-001
Available Balance,2154.80
Ledger Balance,2154.80

Transaction History
Transaction date,Value date,Description,Withdrawals (SGD),Deposits (SGD)
03/11/2026,03/11/2026,"FUND TRANSFER",,1250.00
,,CLIENT PTE RE-1,,
14/11/2026,14/11/2026,GIRO,95.20,
,,SP SERVICES,,
""",
        [125000, -9520],
    ),
    "cathay_tw": Export(
        """交易日期,交易說明,提款金額,存款金額,餘額
2026/11/03,匯入 客戶,,1250,2250.00
2026/11/04,電費,95,,2155.00
""",
        [125000, -9500],
        "big5",
    ),
    "guangfa": Export(
        """账户名称：,我司,账号：,9550880012345678,币种：,人民币
交易时间,收入,支出,账户余额,对方账号,对方账户名称,对方开户行,摘要,附言,流水号
2026-11-03 10:11:12,1250.00,,2250.00,6222,鑫晟,工行,汇入,RE-1,GF00001234
2026-11-04 10:11:12,,95.20,2154.80,,电网,,电费,,GF00001235
""",
        [125000, -9520],
        "gb18030",
    ),
    "mybank": Export(
        """网商银行对公账户流水
交易时间,交易流水号,交易类型,收支方向,金额(元),余额(元),对方账户名称,对方账号,对方银行,备注
2026-11-03 10:11:12,MB202611030001,转账,收入,1250.00,2250.00,鑫晟,6222,工行,RE-1
2026-11-04 10:11:12,MB202611040001,缴费,支出,95.20,2154.80,电网,,,电费
""",
        [125000, -9520],
        "gb18030",
    ),
    "swedbank": Export(
        """"Client account","Row type","Date","Beneficiary/Payer","Details","Amount","Currency","Debit/Credit","Transfer reference","Transaction type","Reference number","Document number"
"EE382200221020145685","10","03.11.2026","","Opening balance","1000.00","EUR","K","","AS","",""
"EE382200221020145685","20","03.11.2026","Klient OU","RE-1","1250.00","EUR","K","2026110300001","MK","","1"
"EE382200221020145685","20","04.11.2026","Elekter","x","95.20","EUR","D","2026110400001","MK","","2"
"EE382200221020145685","82","04.11.2026","","Turnover","95.20","EUR","D","","K2","",""
"EE382200221020145685","82","04.11.2026","","Turnover","1250.00","EUR","K","","K2","",""
"EE382200221020145685","86","04.11.2026","","closing balance","2154.80","EUR","K","","LS","",""
""",
        [125000, -9520],
    ),
    "paypal_de": Export(
        """"Datum","Uhrzeit","Zeitzone","Name","Typ","Status","Währung","Brutto","Gebühr","Netto","Absender E-Mail-Adresse","Empfänger E-Mail-Adresse","Transaktionscode","Guthaben","Auswirkung auf Guthaben"
"03.11.2026","10:00:00","CET","Kunde AG","Allgemeine Zahlung","Abgeschlossen","EUR","1.250,00","-25,00","1.225,00","a@b.de","we@b.de","9AB12345CD678901E","2.225,00","Haben"
"04.11.2026","10:00:00","CET","","Abbuchung","Abgeschlossen","EUR","-500,00","0,00","-500,00","we@b.de","","9AB12345CD678902E","1.725,00","Soll"
""",
        [122500, -50000],
    ),
    "qonto": Export(
        """Operation date (local),Settlement date (UTC),Status,Total amount (incl. VAT),Currency,Counterparty name,Reference,Payment method,Account name,IBAN,Balance
03-11-2026 10:00:00,03-11-2026 10:00:00,executed,1250.00,EUR,Client SA,RE-1,Transfer,Main,FR1420041010050500013M02606,2250.00
14-11-2026 10:00:00,14-11-2026 10:00:00,executed,-95.20,EUR,EDF,x,Direct Debit,Main,FR1420041010050500013M02606,2154.80
""",
        [125000, -9520],
    ),
}
